"""What touches the world at the hub: the ledger, the broker, the pager, the cloud."""
