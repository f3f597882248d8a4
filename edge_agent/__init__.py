"""Reads scales, tag readers and cameras, and reports physics: grams, tags, floor positions."""
