"""Watching of files: which have changed, and whether that means a restart or a refresh."""
