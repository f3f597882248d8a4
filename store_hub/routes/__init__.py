"""HTTP doors for the till, deliveries and other systems; health and metrics."""
