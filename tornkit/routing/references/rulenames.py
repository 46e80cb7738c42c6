"""The names that code gives to rules, whether or not the rules are in a table.

A program may make several applications, or add some routes only under a setting: a name that is
written down as some rule's is not wrong only because this table lacks it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tornkit.routing.model import Source
from tornkit.routing.references.syntax import REVERSE_URL, Unparsable, last_name, parse

_NAME_POSITION = 3  # (pattern, handler, kwargs, name), as a tuple or as URLSpec's arguments
_USES = frozenset({REVERSE_URL, "partial", "render", "render_string", "generate"})


def names_given(files: Iterable[str], wanted: Collection[str]) -> dict[str, Source]:
    """Places where the ``wanted`` names are given to rules, as far as they are.

    Counted are ``name="..."`` in a call, ``"name": "..."`` in a dictionary, and the fourth of a
    tuple, of a list, or of a call's arguments.
    """
    found: dict[str, Source] = {}
    words = [name.encode() for name in wanted]
    for file in files:
        try:
            source = Path(file).read_bytes()
            if not any(word in source for word in words):
                continue
            tree = parse(source)
        except (OSError, Unparsable):
            continue
        for node in ast.walk(tree):
            for given in _given(node):
                if isinstance(given, ast.Constant) and given.value in wanted:
                    found.setdefault(str(given.value), Source(file, given.lineno))
    return found


def _given(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=func) if last_name(func) in _USES:
            return
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "name":
                    yield value
        case ast.Call(args=items, keywords=keywords):
            yield from (each.value for each in keywords if each.arg == "name")
            yield from items[_NAME_POSITION : _NAME_POSITION + 1]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            yield from items[_NAME_POSITION : _NAME_POSITION + 1]
