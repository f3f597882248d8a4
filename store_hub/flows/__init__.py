"""ingest, bookkeep (the only writer), notify, mirror, sync."""
