"""What decides in the cloud: pure functions over values, no I/O and no clock."""
