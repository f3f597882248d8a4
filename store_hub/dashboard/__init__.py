"""The manager's pages: they read views and command through bookkeep."""
