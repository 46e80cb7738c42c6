"""Timed comparisons with other servers: ``python -m tests.benchmarks``, from the repository's root.

A folder for each comparison (command.py is its head, apps what is served), and beside them what
they share. Nothing that takes time is ever part of the ordinary test run: a comparison takes
minutes and wants the machine for itself. The files named test_* are: they check the arithmetic,
the reading of a tool's output and the figures' drawing, on what they are given.
"""
