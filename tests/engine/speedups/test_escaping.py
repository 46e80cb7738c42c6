"""What a page shows is escaped as Tornado escapes it, whatever it is."""

from __future__ import annotations

import html
import random
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from tornado import escape
from tornado.template import Template

from tests.engine.speedups.watching import installed


class Text(str):
    """A str that says something else when it is replaced in or encoded."""

    def replace(self, *args: Any) -> str:
        return "replaced"

    def encode(self, *args: Any) -> bytes:
        return b"encoded"


class Raw(bytes):
    def decode(self, *args: Any) -> str:
        return "decoded"


VALUES: list[Any] = [
    "", "a", "<b>", "&amp;", "\"'", "\u20ac<", b"", b"<i>&", "\u20ac>".encode(), b"\xff", None, 5,
    2.5, object, Text("<t>"), Raw(b"<r>"), bytearray(b"<"), memoryview(b"<"), "\ud800", ["<"],
]  # fmt: skip


def outcome(function: Callable[[Any], Any], value: Any) -> Any:
    try:
        found = function(value)
    except Exception as error:  # noqa: BLE001 - which one is compared
        return type(error), str(error)
    return type(found), found


@pytest.mark.parametrize("name", ["xhtml_escape", "utf8"])
def test_any_value(name: str) -> None:
    own = getattr(escape, name)
    with installed():
        assert getattr(escape, name) is not own
        for value in VALUES:
            assert outcome(getattr(escape, name), value) == outcome(own, value), value
    assert getattr(escape, name) is own


def test_any_text() -> None:
    random_ = random.Random(7)
    own = escape.xhtml_escape
    with installed():
        for _ in range(2000):
            text = "".join(random_.choices("<>&\"'ab;#x27\u00e9\u20ac\n", k=random_.randrange(12)))
            assert escape.xhtml_escape(text) == own(text)
            assert escape.xhtml_escape(text.encode()) == own(text)


def test_a_template_shows_the_same() -> None:
    template = Template("{% for x in xs %}{{ x }}|{% raw x %}|{{ escape(str(x)) }}\n{% end %}")
    xs = [value for value in VALUES if value not in (b"\xff", "\ud800")]
    xs = [value for value in xs if not isinstance(value, bytearray | memoryview)]
    before = template.generate(xs=xs)
    with installed():
        assert template.generate(xs=xs) == before


@pytest.mark.parametrize(("owner", "name"), [(html, "escape"), (escape, "to_unicode")])
def test_who_replaces_what_it_calls_is_asked(owner: Any, name: str) -> None:
    with installed(), mock.patch.object(owner, name, lambda value: f"[{value}]"):
        assert "[" in escape.xhtml_escape("<")
    with installed():
        assert escape.xhtml_escape("<") == "&lt;"
