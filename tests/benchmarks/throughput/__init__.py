"""Requests a second and latencies, one server process on one core, beside the rivals."""
