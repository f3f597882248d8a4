"""What decides at the hub: pure functions over values, no I/O and no clock."""
