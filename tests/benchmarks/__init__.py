"""Timed comparisons with other servers: ``python -m tests.benchmarks``, from the repository's root.

``harness`` runs them: options, environment, rounds, medians, JSON, tables. A folder for each
comparison has what is its own: command.py its options, servers.py and cases.py those that it
knows, run.py one measurement, results.py its figures, report.py its columns, apps what is served.
Beside them are the tools of measuring: processes, cores, requests, wrk.

Nothing that takes time is ever part of the ordinary test run: a comparison takes minutes and wants
the machine for itself. The files named test_* are: they check the arithmetic, the reading of a
tool's output and the figures' drawing, on what they are given.
"""
