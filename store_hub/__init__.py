"""Decides what the physics means for one shop: units, stock, alerts, tasks."""
