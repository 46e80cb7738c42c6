"""One line for what click refuses: what is wrong, where it was set, and what to do.

click prints four lines, the usage among them, and says nothing of where a value came from.
"""

from __future__ import annotations

import re
from typing import Any

import click
from click.core import ParameterSource

from tornkit.cli.hints import option_advice
from tornkit.cli.settings import place_of_setting, variable_of

_NO_NUMBER = re.compile(r" is not a valid (?:integer|float)(?: range)?\.$")
_OUT_OF_RANGE = re.compile(r" is not in the range .*\.$")
_NO_TRUTH = re.compile(r" is not a valid boolean\..*$")


def one_line(error: click.ClickException, command: str) -> str:
    """The message of an error that click found, for a line that begins with "error:".

    ``option --prot does not exist: did you mean --port? see tornkit serve --help``

    :param command: what was run, where the error does not know: ``tornkit serve``
    """
    context = getattr(error, "ctx", None)
    if context is not None:
        command = context.command_path
    if isinstance(error, click.NoSuchOption) and context is not None:
        said = _unknown_option(error.option_name, context)
    elif isinstance(error, click.BadParameter) and error.param is not None and context is not None:
        said = _bad_value(error, error.param, context)
    else:
        said = _as_part(error.format_message())
    return f"{said}{'' if said.endswith('?') else ';'} see {command} --help"


def _unknown_option(name: str, context: click.Context) -> str:
    command = context.command
    said = f"option {name} does not exist"
    if isinstance(command, click.Group) and context.parent is None:
        return f"{said}; a command's options stand behind it, as in tornkit serve {name}"
    known = [option for each in command.params for option in (*each.opts, *each.secondary_opts)]
    options = [option for option in known if option.startswith("-")]
    advice = option_advice(name, options, context.info_name or "")
    if advice is not None and (advice.endswith("?") or not name.startswith("--")):
        return f"{said}: {advice}"
    if any(each.name == "arguments" for each in command.params):
        behind = f"a program's own options go behind --, as in -- {name}"
        return f"{said}: {advice}; {behind}" if advice else f"{said}; {behind}"
    return f"{said}: {advice}" if advice else said


def _bad_value(error: click.BadParameter, param: click.Parameter, context: click.Context) -> str:
    message = _NO_TRUTH.sub(" is neither true nor false", error.format_message())
    if wanted := _wanted(param.type):
        message = _NO_NUMBER.sub(f" is no {wanted}", message)
        message = _OUT_OF_RANGE.sub(f" is no {wanted}", message)
    where = _where_set(param, context)
    return _as_part(message) + (f"; it is set by {where}" if where else "")


def _wanted(kind: click.ParamType[Any]) -> str | None:
    """Text that says which numbers an option takes."""
    if isinstance(kind, click.IntRange | click.FloatRange):
        noun = "whole number" if isinstance(kind, click.IntRange) else "number"
        if kind.max is None:
            return noun if kind.min is None else f"{noun} from {kind.min:g} up"
        return f"{noun} from {kind.min or 0:g} to {kind.max:g}"
    return "whole number" if isinstance(kind, type(click.INT)) else None


def _where_set(param: click.Parameter, context: click.Context) -> str | None:
    """Variable, or file and line, that set a parameter; None if the command line did."""
    match context.get_parameter_source(param.name or ""):
        case ParameterSource.ENVIRONMENT:
            return variable_of(param, context)
        case ParameterSource.DEFAULT_MAP:
            return place_of_setting(param, context)
        case _:
            return None


def _as_part(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
