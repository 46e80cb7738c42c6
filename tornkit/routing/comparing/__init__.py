"""Comparison of two route tables, saved or of another revision."""
