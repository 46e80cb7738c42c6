"""The words that name what a command is about: ``[APP] [-m MODULE] [-- ARGS...]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from tornkit.appload import Target, locate
from tornkit.cli.settings import app_argument

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def target_parameters(function: FunctionT) -> FunctionT:
    """Declare the parameters ``app``, ``arguments`` and ``module``."""
    for decorate in (
        click.option(
            "-m", "module", metavar="MODULE", help="Run a module as a program, as python -m does."
        ),
        click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS...]"),
        app_argument(),
    ):
        function = decorate(function)
    return function


def named_target(
    context: click.Context, app: str | None, module: str | None, arguments: Sequence[str]
) -> Target:
    """What they name (see `tornkit.appload.locate`).

    With ``-m`` every word is the program's; TORNKIT_APP, which says what is usually meant, gives
    way.
    """
    if module is None or app is None:
        return locate(app, module, arguments)
    typed = context.get_parameter_source("app") is click.core.ParameterSource.COMMANDLINE
    return locate(None, module, (app, *arguments) if typed else arguments)
