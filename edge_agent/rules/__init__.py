"""What decides at the edge: pure functions and small state machines, no I/O and no clock."""
