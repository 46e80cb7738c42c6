"""Tornado's options while a module is imported ahead: each use of them is noted.

A program defines and parses them. A module that asks for one when it is imported, or defines its
own, is another one after that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from tornkit.serve.warm_imports.interception import noting_methods

MODULE = "tornado.options"
"""The module whose options they are."""

# All of its public methods, as Tornado 6.5 and 6.6 have them.
_METHODS = (
    "__getattr__",
    "__setattr__",
    "__iter__",
    "__contains__",
    "__getitem__",
    "__setitem__",
    "items",
    "groups",
    "group_dict",
    "as_dict",
    "define",
    "parse_command_line",
    "parse_config_file",
    "print_help",
    "add_parse_callback",
    "run_parse_callbacks",
    "mockable",
)


def noted(note: Callable[[], None]) -> AbstractContextManager[None]:
    """Context in which ``note`` is called before each use of Tornado's options, if loaded."""
    parser = getattr(sys.modules.get(MODULE), "OptionParser", None)
    if not isinstance(parser, type):
        return nullcontext()
    return noting_methods(parser, _METHODS, note)
