"""The error that ends a comparison before there is anything to show."""

from __future__ import annotations

import click


class CannotMeasure(click.ClickException):
    """Something that all of it needs is not there; the message is one line that says what to do.

    click prints it and exits with 1.
    """
