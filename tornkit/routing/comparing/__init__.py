"""Comparison of two tables, saved or of another revision."""
