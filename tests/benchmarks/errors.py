"""The errors of measuring: one ends a comparison, the other a single measurement."""

from __future__ import annotations

import click


class CannotMeasure(click.ClickException):
    """Something that all of it needs is not there; the message is one line that says what to do.

    click prints it and exits with 1.
    """


class MeasurementFailed(Exception):
    """One server could not be measured in one case; the message says how, and is its result."""
