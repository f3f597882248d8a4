"""The words that edge, hub and cloud share: structs, topics and the codec between bytes and structs."""

PROTOCOL_VERSION = 1
"""The version this build writes. Every version up to it is still read: see `golden/`."""
