"""The command line: parse, call, print, exit code; nothing else.

A subcommand's module is imported when it is used, so that ``--help`` and shell completion are
quick. An expected failure (`tornkit.errors`) is printed here, once, for every command.
"""

from __future__ import annotations

import errno
import importlib
import os
from typing import Any

import click

from tornkit import __version__
from tornkit.cli import output
from tornkit.cli.hints import command_advice
from tornkit.errors import AppRaised, ConflictError, TornkitError, UsageError

# name -> the line that `tornkit --help` shows, so that listing commands imports none of them.
COMMANDS = {
    "new": "Make a project that runs, tests and deploys.",
    "add": "Add a handler, or ways to deploy, to such a project.",
    "update": "Bring what a later tornkit changed in new projects into one.",
    "routes": "List the routes of an application and check them.",
    "serve": "Serve an application or a program, reloading on edits.",
    "status": "Show the servers that run and how their workers are.",
    "bus": "Show what goes over tornkit.bus, publish and listen.",
}


class _LazyGroup(click.Group):
    """Command group that imports a command when it is used, and prints errors as one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"tornkit.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in COMMANDS and word[:1].isprintable() and not word.startswith("-"):
            advice = command_advice(word, COMMANDS)
            said = f": {advice}" if advice else f"; there are {', '.join(COMMANDS)}"
            raise UsageError(f"there is no command {word}{said}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*args, **extra)
        except click.ClickException as error:
            _print_usage_error(error, "tornkit")
            raise click.exceptions.Exit(error.exit_code) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TornkitError as error:
            _print_error(error)
            ctx.exit(error.exit_code)
        except click.ClickException as error:
            _print_usage_error(error, f"tornkit {ctx.invoked_subcommand}")
            ctx.exit(error.exit_code)
        except OSError as error:
            # The user's code is not behind it, whose errors are wrapped: the system has refused
            # something that the command can't do without.
            if error.errno == errno.EPIPE:  # click ends quietly
                raise
            _print_error(TornkitError(_in_words(error)))
            ctx.exit(TornkitError.exit_code)


def _in_words(error: OSError) -> str:
    if error.filename is None and _is_here_gone():
        return "the current folder was removed; go to another, or into its successor: cd $PWD"
    where = "" if error.filename is None else f" ({error.filename})"
    return f"{error.strerror or error}{where}"


def _is_here_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - asked for its error
    except FileNotFoundError:
        return True
    return False


def _print_error(error: TornkitError) -> None:
    if isinstance(error, AppRaised):
        output.say_lines(error.traceback.rstrip("\n"))
    output.say(output.piece("error:", fg="red"), " ", str(error))
    if isinstance(error, ConflictError):
        for path in error.paths:
            output.say("  ", path)


def _print_usage_error(error: click.ClickException, command: str) -> None:
    """Print an error that click found as one printable line."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        output.say_lines(error.format_message())
        return
    from tornkit.cli.mistakes import one_line

    _print_error(TornkitError(one_line(error, command)))


def _show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    output.result(f"tornkit {__version__}")
    from tornkit.cli.platforms import of_this_process

    output.result(of_this_process())
    context.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "TORNKIT",
        "max_content_width": 100,
    },
    epilog='Shell completion: eval "$(_TORNKIT_COMPLETE=bash_source tornkit)", '
    "or zsh_source, fish_source.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of tornkit, Python, Tornado, and what of the engine is active.",
)
def tornkit() -> None:
    """Run, list and scaffold Tornado applications.

    APP, in every command, is module:attr, a file, a folder, or nothing at all: then
    [tool.tornkit] app in pyproject.toml decides, or the usual places (app.py, main.py, ...).
    """
