"""Words that name the target of a command: ``[APP] [-m MODULE] [-- ARGS...]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from tornkit.appload import Target, locate
from tornkit.cli.option_groups import GroupedCommand, GroupedOption
from tornkit.cli.settings import app_argument

Function = Callable[..., Any]
Words = tuple[str | None, str | None, tuple[str, ...]]
"""APP, MODULE and ARGS."""


class ProgramCommand(GroupedCommand):
    """A command whose parameter ``arguments`` gets the words behind ``--``.

    To click, ``--`` only ends the options: with no APP before it the first word behind would
    be APP.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        behind = args[end + 1 :]
        left = super().parse_args(ctx, args[:end])
        ctx.params["arguments"] = (*(ctx.params.get("arguments") or ()), *behind)
        return left


def target_parameters(function: Function) -> Function:
    """Declare the parameters ``app``, ``arguments`` and ``module``."""
    for decorate in (
        click.option(
            "-m",
            "module",
            cls=GroupedOption,
            group="Application",
            metavar="MODULE",
            help="Run a module as a program, as python -m does.",
        ),
        click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS...]"),
        app_argument(),
    ):
        function = decorate(function)
    return function


def named_words(
    context: click.Context, app: str | None, module: str | None, arguments: Sequence[str]
) -> Words:
    """The words that name a target, as `tornkit.appload.locate` takes them.

    With ``-m`` every word is the program's; TORNKIT_APP, which says what is usually meant, gives
    way.
    """
    if module is None or app is None:
        return app, module, tuple(arguments)
    typed = context.get_parameter_source("app") is click.core.ParameterSource.COMMANDLINE
    return None, module, (app, *arguments) if typed else tuple(arguments)


def retyped(app: str | None, module: str | None, arguments: Sequence[str]) -> tuple[str, ...]:
    """The words with which another command, typed in the same folder, has the same target."""
    named = ("-m", module) if module is not None else (app,) if app is not None else ()
    return (*named, "--", *arguments) if arguments else named


def named_target(
    context: click.Context, app: str | None, module: str | None, arguments: Sequence[str]
) -> Target:
    """Target that the words of a command line name (see `tornkit.appload.locate`)."""
    return locate(*named_words(context, app, module, arguments))
