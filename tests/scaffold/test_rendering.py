"""The template language: what is special in it, and what is not."""

from __future__ import annotations

import pytest
from tornado.template import ParseError

from tornkit.scaffold.rendering import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@@{name}", "demo"),
        ('"@@{name}": @@{", ".join(features)}', '"demo": a, b'),
        ("@@ if name\nx\n@@ end\ny\n", "x\ny\n"),
        ("a\n  @@ if not name\nx\n@@ else\n  z\n@@ end", "a\n  z\n"),
        ("@@ for each in features\n- @@{each}\n@@ end\n", "- a\n- b\n"),
        ("{{ a }} {% if x %} {# c #} ${{ b }}", "{{ a }} {% if x %} {# c #} ${{ b }}"),
        ("me@@example.com @@x", "me@@example.com @@x"),
        ("<&> \"'", "<&> \"'"),
        ("\n\n  x  \n\n", "\n\n  x  \n\n"),
        ("{@@{name}}", "{demo}"),
        ("é @@{name} →", "é demo →"),
    ],
)
def test_render(text: str, expected: str) -> None:
    assert render(text, {"name": "demo", "features": ["a", "b"]}) == expected


def test_mistakes_of_a_template_are_loud() -> None:
    with pytest.raises(ParseError):
        render("@@ if x\n", {})
    with pytest.raises(NameError):
        render("@@{nothing}", {})
