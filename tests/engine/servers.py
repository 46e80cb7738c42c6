"""The servers that the harnesses judge, by name: "module:Class"."""

from __future__ import annotations

import functools
import importlib
from typing import Any

TORNADO = "tornado.httpserver:HTTPServer"


def server_class(name: str) -> type[Any]:
    """``module:Class`` -> the class. ImportError, AttributeError or TypeError where it is none."""
    module, _, attributes = name.partition(":")
    start: object = importlib.import_module(module)
    found: object = functools.reduce(getattr, attributes.split("."), start)
    if not isinstance(found, type):
        raise TypeError(f"{name} is no class")
    return found
