"""Readers of a regex's parts, beginning and end, from Python's own syntax tree of it."""
