"""One named thread each: weigh, scan, watch, uplink."""
