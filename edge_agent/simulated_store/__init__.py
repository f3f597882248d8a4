"""A seeded shop that drives simulated sensors; it ships, and keeps the truth beside what the sensors say."""
