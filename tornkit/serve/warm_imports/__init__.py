"""Imports done before the fork: what each module read, and whether a worker may use it."""
