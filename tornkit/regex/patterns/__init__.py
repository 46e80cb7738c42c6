"""What a regex says, read from Python's own syntax tree of it."""
