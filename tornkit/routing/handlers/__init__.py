"""Checks whether a handler can take what a route hands to it."""
