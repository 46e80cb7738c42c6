"""Tests of the board: each starts the whole application on a free port, with a new database.

``support.py`` has the test case all others build on, and a browser: something that keeps cookies
and fills in forms. Nothing here sleeps for a fixed time: what takes a moment is waited for.
"""
