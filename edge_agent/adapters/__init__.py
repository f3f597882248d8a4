"""What touches the world at the edge: sensors, the outbox file, the broker."""
