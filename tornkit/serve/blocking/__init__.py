"""Finds the line of the user's code that keeps a worker's loop from turning."""
