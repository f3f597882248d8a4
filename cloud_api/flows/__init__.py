"""What joins rules and records: planning, the footfall review, the layout review."""
