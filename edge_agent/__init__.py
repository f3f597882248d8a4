"""Reads scales, tag readers and cameras, and reports physics: grams, tags, floor positions."""

import os

# onnxruntime would report its use to its maker, and keep a file for that. It looks at this once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
