"""Renderer of project templates: Tornado's template language, spelled with ``@@``.

Project files are full of braces of their own (Tornado's templates, shells, workflows), so here
only ``@@`` is special:

- ``@@{name}`` is an expression, anywhere: ``@@{", ".join(features)}``;
- a line that starts with ``@@`` and a space is a statement, and vanishes as a whole:
  ``@@ if "docker" in features``, ``@@ else``, ``@@ end``, ``@@ for``, ``@@ set``.

Everything else stays as it is, blank lines too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from tornado.template import Template

_MARK = "@@"
_STATEMENT = re.compile(r"^[ \t]*@@ (.*)\n?", re.MULTILINE)
_EXPRESSION = re.compile(r"@@\{([^}\n]*)\}")

# What Tornado's templates would take for their own, kept aside for as long as one is rendered:
# characters of Unicode's private use area, which no project file has.
_ASIDE = str.maketrans({"{": "\ue000", "}": "\ue001"})
_BACK = str.maketrans({"\ue000": "{", "\ue001": "}"})
_CODE = re.compile(r"@@\{[^}\n]*\}|^[ \t]*@@ .*\n?", re.MULTILINE)


def render(text: str, values: Mapping[str, Any], name: str = "template") -> str:
    """Fill in the placeholders of ``text`` and carry out its statements.

    :param name: of the file, for errors.
    :raises tornado.template.ParseError: a statement without its end.
    :raises NameError: a placeholder that ``values`` does not have.
    """
    if _MARK not in text:
        return text
    return _compiled(text, name).generate(**values).decode().translate(_BACK)


@functools.lru_cache(maxsize=512)
def _compiled(text: str, name: str) -> Template:
    source: list[str] = []
    position = 0
    for code in _CODE.finditer(text):
        source += [text[position : code.start()].translate(_ASIDE), _translated(code[0])]
        position = code.end()
    source.append(text[position:].translate(_ASIDE))
    return Template("".join(source), name, autoescape=None, whitespace="all")


def _translated(code: str) -> str:
    if expression := _EXPRESSION.fullmatch(code):
        return "{{ " + expression[1] + " }}"
    statement = _STATEMENT.fullmatch(code)
    assert statement
    return "{% " + statement[1] + " %}"
