"""What touches the world in the cloud: PostgreSQL and its migrations."""
