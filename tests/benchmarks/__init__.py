"""Timed comparisons with other servers: ``python -m tests.benchmarks``, from the repository's root.

Never part of the ordinary test run: no file here is named test_*, and a run takes minutes and wants
the machine for itself.
"""
