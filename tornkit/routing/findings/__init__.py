"""Findings of the checks: codes, which of them are wanted, and how some are mended."""
