from __future__ import annotations

import random
from pathlib import Path

import pytest
from tornado.template import DictLoader, Template

from tornkit.routing.model import Places
from tornkit.routing.references import references
from tornkit.routing.references.model import Receiver, References
from tornkit.routing.references.syntax import Unparsable, parse
from tornkit.routing.references.templates import NotTornado, as_python, loaded


def read(tmp_path: Path, text: str) -> References:
    (tmp_path / "page.html").write_text(text, newline="")
    return references(Places((), (str(tmp_path),)))


def names(tmp_path: Path, text: str) -> list[str]:
    found = read(tmp_path, text)
    assert not found.unread
    return [name for use in found.uses for name in use.names]


@pytest.mark.parametrize(
    "text",
    [
        "{{ reverse_url('a') }}",
        "{{reverse_url('a')}}",
        "{{ escape(reverse_url('a', 1)) }}",
        "{{ handler.reverse_url('a') }}",
        "{{ handler.application.reverse_url('a') }}",
        "<a href=\"{{ reverse_url('a') }}\">",
        "{% raw reverse_url('a') %}",
        "{% set x = reverse_url('a') %}",
        "{% module Link(reverse_url('a'), 1) %}",
        "{{ modules.Link(reverse_url('a')) }}",
        "{% module Template('x.html', url=reverse_url('a')) %}",
        "{% if request.path == reverse_url('a') %}here{% end %}",
        "{% if x %}1{% elif y == reverse_url('a') %}2{% else %}3{% end %}",
        "{% for each in [reverse_url('a')] %}{{ each }}{% end %}",
        "{% while x < reverse_url('a') %}{% break %}{% end %}",
        "{% for x in y %}{% if x %}{% continue %}{% end %}{{ reverse_url('a') }}{% end %}",
        "{% try %}{{ x }}{% except KeyError %}{{ reverse_url('a') }}{% finally %}{% end %}",
        "{% apply linkify %}{{ reverse_url('a') }}{% end %}",
        "{% apply partial(f, reverse_url('a')) %}x{% end %}",
        "{% block body %}{{ reverse_url('a') }}{% end %}",
        "{% block a %}{% block b %}{% apply f %}{{ reverse_url('a') }}{% end %}{% end %}{% end %}",
        "{% autoescape None %}{% whitespace all %}{{ reverse_url('a') }}",
        "{% extends \"base.html\" %}{% include 'nav.html' %}{{ reverse_url('a') }}",
        "{% import os %}{% from a import b %}{{ reverse_url('a') }}",
        "{{{ reverse_url('a') }}}",
        "{ {% if x %}{{ reverse_url('a') }}{% end %} }",
        "{{! reverse_url('no') }}{{ reverse_url('a') }}",
        "{%! if %}{#! {{ reverse_url('a') }}{# #}",
        "{# {{ reverse_url('no') }} #}{% comment reverse_url('no') %}{{ reverse_url('a') }}",
        "<script>if (a) {b = '{{ reverse_url('a') }}'}</script>",
        "{{ (lambda: reverse_url('a'))() }}",
        "{{ reverse_url(\n  'a',\n  1,\n) }}",
        "{% set name = 'a' %}{{ reverse_url(name) }}",
        "{% set url = reverse_url %}{{ url('a') }}",
        "{% block x %}{% set url = reverse_url %}{{ url('a') }}{% end %}",
        "\ufeff{{ reverse_url('a') }}",
    ],
)
def test_every_construct(tmp_path: Path, text: str) -> None:
    assert names(tmp_path, text) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        "reverse_url('a')",
        "{{ 'reverse_url' }}",
        "{{ url.reverse_url('a') }}",
        "{{ self.reverse_url('a') }}",
        "{{ app.reverse_url('a') }}",
        "{{! reverse_url('a') }}",
        "{# {{ reverse_url('a') }} #}",
        "{% comment {{ reverse_url('a') %}",
        "{% set reverse_url = other %}{{ reverse_url('a') }}",
        "{% from other import reverse_url %}{{ reverse_url('a') }}",
        "{% for reverse_url in others %}{{ reverse_url('a') }}{% end %}",
    ],
)
def test_what_asks_nobody(tmp_path: Path, text: str) -> None:
    assert names(tmp_path, text) == []


@pytest.mark.parametrize(
    "between",
    [
        "{% include 'other.html' %}",
        "{% block x %}{% end %}",
        "{% set name = 'b' %}",
        "{% set name, x = 'b', 'c' %}",
        "{% for name in x %}{% end %}",
    ],
)
def test_a_variable_that_other_code_may_set_is_unknown(tmp_path: Path, between: str) -> None:
    found = read(tmp_path, f"{{% set name = 'a' %}}{between}{{{{ reverse_url(name) }}}}")
    assert found.dynamic == 1


def test_whom_it_asks(tmp_path: Path) -> None:
    text = "{{ reverse_url('a') }}{{ handler.reverse_url('b', 1) }}"
    asked = [(use.asked, use.names, use.arguments) for use in read(tmp_path, text).uses]
    assert asked == [(Receiver.TEMPLATE, ("a",), 0), (Receiver.HANDLER, ("b",), 1)]


def test_the_line_is_that_of_the_word(tmp_path: Path) -> None:
    text = """\
    {{ reverse_url('line1') }}
    {{

       reverse_url('line4',
           reverse_url(
             'line5')) }} {# a
    comment #}
    {% set x = [
      reverse_url('line9')
    ] %}
    {% if x %}
    <pre>

    {% elif reverse_url('line14') %}
    {% apply one(
         reverse_url('line16')) %}{{ reverse_url('line16') }}

    {% end %}
    {% end %}
    {{! no }}
    {%! no %} {{ (handler
      .reverse_url('line22')) }}
    {% raw   reverse_url('line23') %}
    """
    for newline in ("\n", "\r\n"):
        found = read(tmp_path, text.replace("\n", newline))
        assert not found.unread
        assert len(found.uses) == 9
        for use in found.uses:
            assert use.names == (f"line{use.source.line}",)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\n{{ reverse_url('a')", 2, "{{ without }}"),
        ("reverse_url\n{% if x %}\n{% if y %}{% end %}\n", 2, "{% if %} without its {% end %}"),
        ("reverse_url\n{% end %}", 2, "without a block"),
        ("reverse_url\n{% endif %}", 2, "{% endif %} is not one of Tornado's"),
        ("reverse_url\n\n{{ reverse_url 'a' }}", 3, "invalid syntax"),
        ("reverse_url\n{% set x = (\n %}", 2, "never closed"),
        ("reverse_url {% else %}", 1, "out of place"),
        ("reverse_url {%   %}", 1, "nothing between"),
        ("reverse_url {% break %}", 1, "outside of a loop"),
        ("reverse_url {% for x in y %}{% apply f %}{% break %}{% end %}{% end %}", 1, "outside"),
        ("reverse_url {% extends '' %}", 1, "without anything to extends"),
        ("reverse_url {% whitespace odd %}", 1, "'odd'"),
        ("reverse_url {{ x\x00 }}", 1, "null bytes"),
    ],
)
def test_what_tornado_could_not_load_is_told(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    found = read(tmp_path, text)
    (unread,) = found.unread
    assert unread.source.line == line
    assert said in unread.reason
    assert not accepted_by_tornado(text, DictLoader({}))
    assert not found.uses


def test_a_template_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"\n{{ reverse_url('\xe9') }}")
    (unread,) = references(Places((), (str(tmp_path),))).unread
    assert (unread.source.line, unread.reason) == (2, "it is not UTF-8")


PIECES = [
    *("{{ a }}", "{{ a + }}", "{{ f( }}", "{{ 1) }}", "{{}}", "{{ }}", "{{{ a }}}", "{{ {} }}"),
    *("{% if a %}", "{% elif b %}", "{% else %}", "{% end %}", "{% end %}", "{% end %}", "{%end%}"),
    *("{% for x in y %}", "{% while z %}", "{% break %}", "{% continue %}", "{% if %}"),
    *("{% try %}", "{% except KeyError %}", "{% finally %}", "{% apply f %}", "{% apply %}"),
    *("{% set x = 1 %}", "{% set %}", "{% set x = ( %}", "{% set 1 ) %}", "{% set x = 1\ny = 2 %}"),
    *("{% raw a %}", "{% raw %}", "{% module M(a) %}", "{% module %}", "{% include 'x' %}"),
    *("{% import os %}", "{% from os import path %}", "{% import %}", "{% include '' %}"),
    *("{% autoescape None %}", "{% whitespace all %}", "{% whitespace odd %}", "{% bogus %}"),
    *("{# a #}", "{#", "{{! a", "{%! a", "{%", "{{", "}}", "%}", "{", "}", "\n", "text", " ", "!"),
    *("{% comment a %}", "{% if\na %}", "{{ a\n}}", "{% end if %}", "{{ a # b }}", "{{ '}}' }}"),
]


def test_it_accepts_what_tornado_accepts_and_nothing_else() -> None:
    chance = random.Random(1)
    loader = DictLoader({"x": ""})
    accepted = 0
    for _ in range(6000):
        pieces = chance.choices(PIECES, k=chance.randint(1, 6))
        if chance.random() < 0.4:  # closed, or hardly anything would be accepted
            pieces += ["{% end %}"] * sum("{% if a" in p or "{% for" in p for p in pieces)
        text = "".join(pieces)
        accepted += agrees(text, loader)
    assert 500 < accepted < 5500


def accepted_by_tornado(text: str, loader: DictLoader) -> bool:
    loader.reset()
    try:
        Template(text, loader=loader)
    except Exception:  # noqa: BLE001 - a ParseError, what compile raises, a bare Exception
        return False
    return True


def agrees(text: str, loader: DictLoader) -> bool:
    """Whether it is accepted, by both."""
    try:
        parse(as_python(text).text)
        ours = True
    except (NotTornado, Unparsable):
        ours = False
    assert ours == accepted_by_tornado(text, loader), text
    return ours


def test_what_it_loads() -> None:
    text = """{% extends "base.html" %}{%include 'nav.html'%}{% include plain.html %}
    {% module Template("a/b.html", x=1) %}{% module Other("no.html") %}"""
    assert list(loaded(text)) == ["base.html", "nav.html", "plain.html", "a/b.html"]
