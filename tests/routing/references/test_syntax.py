"""Tests of the small questions about syntax trees."""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import inspect
import warnings
from types import ModuleType

import pytest

from tornkit.routing.references.syntax import (
    Unparsable,
    children,
    first_name,
    is_partial,
    is_reverse_url,
    last_name,
    lines_of_interest,
    nodes_of_scope,
    parameters,
    parse,
)


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class TestParse:
    def test_gives_a_module(self) -> None:
        assert ast.dump(parse("x = 1")) == ast.dump(parse(b"x = 1")) == ast.dump(ast.parse("x = 1"))

    def test_bytes_are_read_as_they_say(self) -> None:
        (statement,) = parse(b"# coding: latin-1\nx = '\xe9'").body
        assert isinstance(statement, ast.Assign)
        assert ast.literal_eval(statement.value) == "é"

    @pytest.mark.parametrize(
        ("source", "line"),
        [
            ("x = 1\n\ny = = 2", 3),
            ("def f(:\n    pass", 1),
            ("x = 1\n  y = 2", 2),
            # Python says no line, or not each version does.
            (b"x = 1\ny = '\xe9'", None),
            (b"# coding: nonsense", None),
            ("x\0", 1),
            ("(" * 100_000, 1),
            ("-" * 100_000 + "1", 1),
        ],
    )
    def test_what_is_no_python_is_told_with_its_line(self, source: str | bytes, line: int) -> None:
        with pytest.raises(Unparsable) as told:
            parse(source)
        assert told.value.line == line or line is None
        assert told.value.line >= 1
        assert str(told.value)

    def test_warnings_of_the_users_code_are_not_given_again(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parse(r"'\d' is 5")


class TestLinesOfInterest:
    def test_are_those_with_the_word(self) -> None:
        code = b"a\nx.reverse_url(1)\n\n# reverse_url\nreverse_url = 5\n"
        assert lines_of_interest(code) == (2, 4, 5)
        assert lines_of_interest(b"") == ()
        assert lines_of_interest(b"nothing\n") == ()

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_are_counted_as_python_counts_them(self, end: bytes) -> None:
        code = end.join([b"", b"", b"x.reverse_url(1)", b"", b"y.reverse_url(2)"])
        assert lines_of_interest(code) == (3, 5)
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
        assert sorted(call.lineno for call in calls) == [3, 5]

    def test_a_form_feed_ends_no_line(self) -> None:
        assert lines_of_interest(b"\x0c\nx.reverse_url(1)") == (2,)

    @pytest.mark.parametrize(
        "code",
        [
            b"url = self.reverse_url",
            b"partial(self.reverse_url, 1)",
            b"self. reverse_url\n(1)\nx.reverse_url",
            b"x.reverse_url(1)\ny.\nreverse_url;",
        ],
    )
    def test_all_are_where_it_may_get_another_name(self, code: bytes) -> None:
        assert lines_of_interest(code) is None

    @pytest.mark.parametrize(
        "code", [b"x.reverse_url  (1)", b"x.reverse_url\n(1)", b"x.reverse_urls", b"reverse_url"]
    )
    def test_a_call_or_another_word_is_no_such_thing(self, code: bytes) -> None:
        assert lines_of_interest(code) == (1,)


@pytest.mark.parametrize("module", [argparse, asyncio.base_events, inspect])
def test_children_are_the_child_nodes_without_contexts_and_operators(module: ModuleType) -> None:
    without = ast.expr_context | ast.operator
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        expected = [each for each in ast.iter_child_nodes(node) if not isinstance(each, without)]
        assert children(node) == expected


@pytest.mark.parametrize(
    ("text", "last", "first"),
    [
        ("web", "web", "web"),
        ("web.Application", "Application", "web"),
        ("tornado.web.Application", "Application", "tornado"),
        ("Handler[T]", "Handler", None),
        ("web.Handler[T][U]", "Handler", None),
        ("make().Application", "Application", None),
        ("make()", None, None),
        ("5", None, None),
        ("'web'", None, None),
    ],
)
def test_names_of_a_dotted_name(text: str, last: str | None, first: str | None) -> None:
    assert last_name(expression(text)) == last
    assert first_name(expression(text)) == first


def test_what_reads_reverse_url_of_something() -> None:
    found = ["x.reverse_url", "x.y.reverse_url", "f().reverse_url"]
    assert all(is_reverse_url(expression(text)) for text in found)
    others = ["reverse_url", "x.reverse", "x.reverse_url()", "x.reverse_url.y", "'x.reverse_url'"]
    assert not any(is_reverse_url(expression(text)) for text in others)


def test_what_is_a_partial_of_something() -> None:
    found = ["partial(f)", "functools.partial(f, 1)", "partial(*f)"]
    assert all(is_partial(expression(text)) for text in found)
    others = ["partial()", "partial(a=f)", "partialmethod(f)", "f.partial", "partial", "f(partial)"]
    assert not any(is_partial(expression(text)) for text in others)


def names(code: str, *, inside: bool = False) -> set[str]:
    """Names that are read in the scope of a module, or of the first thing in it."""
    tree: ast.AST = ast.parse(code)
    if inside:
        assert isinstance(tree, ast.Module)
        tree = tree.body[0]
    return {each.id for each in nodes_of_scope(tree) if isinstance(each, ast.Name)}


class TestNodesOfScope:
    def test_bodies_of_functions_and_classes_are_others(self) -> None:
        code = "a\ndef f():\n    b\nasync def g():\n    c\nclass D:\n    d\nlambda: e"
        assert names(code) == {"a"}

    def test_what_runs_where_they_are_made_is_not(self) -> None:
        assert names("@a\ndef f(x=b, *, y=c, z): ...") == {"a", "b", "c"}
        assert names("@a\nasync def f(x=b): ...") == {"a", "b"}
        assert names("lambda x=a, *, y=b, z: c") == {"a", "b"}
        assert names("@a\nclass C(b, metaclass=c): ...") == {"a", "b", "c"}

    def test_they_themselves_are_given(self) -> None:
        found = list(nodes_of_scope(ast.parse("def f(): ...\nclass C: ...\nlambda: x")))
        kinds = {type(each) for each in found}
        assert {ast.FunctionDef, ast.ClassDef, ast.Lambda} <= kinds

    def test_blocks_and_comprehensions_are_part_of_it(self) -> None:
        blocks = "if a:\n    for b in c:\n        with d: e\nmatch f:\n    case g.h: ...\n"
        assert names(f"{blocks}[i for j in k if l]") == set("abcdefgijkl")

    def test_of_a_function_all_that_stands_in_it(self) -> None:
        assert names("def f(x=a):\n    b\n    def g():\n        c", inside=True) >= {"b"}
        assert "c" not in names("def f():\n    def g():\n        c", inside=True)

    def test_the_node_itself_is_left_out(self) -> None:
        tree = ast.parse("x")
        assert tree not in list(nodes_of_scope(tree))


@pytest.mark.parametrize(
    "arguments",
    ["", "a", "a, /", "a, /, b", "*, a", "*a", "**a", "a, /, b, *c, d, **e", "a=1, *, b=2"],
)
def test_all_parameters(arguments: str) -> None:
    node = expression(f"lambda {arguments}: 0")
    assert isinstance(node, ast.Lambda)
    found = [each.arg for each in parameters(node.args)]
    assert sorted(found) == sorted(set(arguments) & set("abcde"))
    assert len(found) == len(set(found))
