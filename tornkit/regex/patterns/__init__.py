"""Readers of what a regex says, from Python's own syntax tree of it."""
