"""Reversal of a route's name to its URL, and the way back."""
