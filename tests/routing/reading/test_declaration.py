"""Where a file has its rules, by line and pattern."""

from __future__ import annotations

import ast

import pytest

from tornkit.routing.reading.declaration import Declarations, brackets, declarations


def of(text: str) -> Declarations:
    return declarations(ast.parse(text))


@pytest.mark.parametrize(
    "rule",
    [
        '("/a", H)',
        '["/a", H]',
        'url("/a", H)',
        'url(pattern="/a", handler=H)',
        'url(re.compile("/a"), H)',
        'Rule(PathMatches("/a"), H)',
        'Rule(PathMatches(re.compile("/a")), H)',
        'Rule(matcher=PathMatches(path_pattern="/a"), target=H)',
        'app.add_handlers("/a", [("/b", H)])',
    ],
)
def test_every_form_of_a_rule(rule: str) -> None:
    [found] = of(f"x = (\n{rule})\n").around(2, "/a$")
    assert (found.first, found.last, found.pattern.value) == (2, 2, "/a")


def test_a_decorator() -> None:
    [found] = of('@route("/a")\nclass A: ...\n').around(1, "/a$")
    assert list(found.lines) == [1]


def test_the_innermost_of_several() -> None:
    text = 'Rule(HostMatches("/a"), [\n  ("/a",\n   H),\n  ("/b", H),\n])\n'
    [inner] = of(text).around(3, "/a$")
    [outer] = of(text).around(4, "/a$")
    assert (list(inner.lines), list(outer.lines)) == ([2, 3], [1, 2, 3, 4, 5])


def test_all_of_the_same_size() -> None:
    assert len(of('x = [("/a", A), ("/a", B)]\n').around(1, "/a$")) == 2


@pytest.mark.parametrize("pattern", ["/a", "/a$"])
def test_tornado_appends_a_dollar_to_what_has_none(pattern: str) -> None:
    assert len(of('x = ("/a", A)\n').around(1, pattern)) == 1
    assert of('x = ("/a", A)\n').around(1, "/b$") == ()
    assert of('x = ("/a", A)\n').around(2, pattern) == ()


def test_rules_whose_pattern_is_computed_are_known_by_its_line() -> None:
    text = 'rules = [\n  (\n    ROOT + "/a",\n    H,\n  ),\n  (f"/{x}", H),\n]\n'
    found = of(text).computed
    assert (list(found[3]), list(found[6])) == ([2, 3, 4, 5], [6])


def test_heads_go_from_the_first_decorator_to_the_body() -> None:
    heads = of("@one\n@two(\n)\nclass A(\n    B,\n):\n    x = 1\n\ndef f(): ...\n").heads
    assert (list(heads[4]), list(heads[9])) == ([1, 2, 3, 4, 5, 6], [9])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("url('/a', A)", ["'/a'"]),
        ("('/a', A)", ["'/a'"]),
        ("Rule(PathMatches('/a'), A)", ["'/a' in PathMatches"]),
        ("Rule(matcher=PathMatches(path_pattern='/a'), target=A)", ["'/a' in PathMatches"]),
        ("(Own('/a'), A)", ["'/a' in Own"]),
        ("url(re.compile('/a', re.I), A)", ["'/a' in re.compile"]),
        ("Rule(PathMatches(re.compile('/a')), A)", ["'/a' in PathMatches in re.compile"]),
        ("(f'/{A}', A)", ["f'/{A}'"]),
        ("[url('/a', A), url('/b', B)]", ["'/a'", "'/b'"]),
        ("[('/a', A), ('/b', B)]", ["('/a', A)", "'/a'", "'/b'"]),
        ("f()", []),
        ("()", []),
    ],
)
def test_what_stands_first_in_brackets(text: str, found: list[str]) -> None:
    told = [
        " in ".join([ast.unparse(each.pattern), *(ast.unparse(call.func) for call in each.within)])
        for each in brackets(ast.parse(text))
    ]
    assert told == found


def test_a_comment_in_a_list_is_not_that_of_its_first_rule() -> None:
    text = 'rules = [\n  url("/a", A),\n  url("/b", B),\n  # tornkit: ignore\n]\n'
    [first] = of(text).around(2, "/a$")
    assert list(first.lines) == [2]
    assert of(text).computed == {}
    tuples = 'rules = [\n  ("/a", A),\n  ("/b", B),\n  # tornkit: ignore\n]\n'
    assert of(tuples).computed == {}
