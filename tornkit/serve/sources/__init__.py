"""The state of the user's source files that a process has loaded, and imports from a kept copy."""
