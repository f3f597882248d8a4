"""The demo: a whole chain of programs on a simulated corner shop."""
