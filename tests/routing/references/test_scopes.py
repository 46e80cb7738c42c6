"""Tests of what a name stands for in a scope; `test_python` asks through ``reverse_url``."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

import pytest

from tornkit.routing.references.scopes import ELSEWHERE, CodeScope, NameMeaning, Standing, strings
from tornkit.routing.references.syntax import children

SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def scopes(code: str) -> list[CodeScope]:
    """Scope of the module, and those inside it in the order of the text."""

    def below(node: ast.AST, outer: CodeScope) -> Iterator[CodeScope]:
        for child in children(node):
            inner = CodeScope(child, outer) if isinstance(child, SCOPES) else outer
            if inner is not outer:
                yield inner
            yield from below(child, inner)

    tree = ast.parse(textwrap.dedent(code))
    module = CodeScope(tree)
    return [module, *below(tree, module)]


def meaning(code: str, name: str = "x") -> NameMeaning:
    """Meaning of a name in the last scope of the text."""
    return scopes(code)[-1].meaning(name)


def standing(code: str, name: str = "x") -> Standing:
    return meaning(code, name).standing


def value(code: str, name: str = "x") -> str | None:
    found = meaning(code, name).value
    return None if found is None else ast.unparse(found)


class TestStanding:
    @pytest.mark.parametrize(
        "code", ["", "y = 1", "x.y = 1", "x[0] = 1", "print(x)", "def f(x): ...\ny = lambda: f"]
    )
    def test_bound_nowhere(self, code: str) -> None:
        assert scopes(code)[0].meaning("x") == NameMeaning(Standing.FREE)

    @pytest.mark.parametrize(
        "code", ["x = 'a'", "x: str = 'a'", "x = y = 'a'", "y = x = 'a'", "print(x := 'a')"]
    )
    def test_assigned_once(self, code: str) -> None:
        (module,) = scopes(code)
        found = module.meaning("x")
        assert (found.standing, found.scope) == (Standing.VALUE, module)
        assert value(code) == "'a'"

    @pytest.mark.parametrize(
        ("code", "name", "module"),
        [
            ("import x", "x", "x"),
            ("import x.y", "x", "x.y"),
            ("import a, x.y, b", "x", "x.y"),
            ("import a.b as x", "x", "a.b"),
            ("import a.b as x", "a", None),
            ("from a.b import x", "x", "a.b"),
            ("from a import y as x", "x", "a"),
            ("from a import y as x", "y", None),
            ("from . import x", "x", "."),
            ("from ..a import x", "x", "..a"),
        ],
    )
    def test_imported(self, code: str, name: str, module: str | None) -> None:
        found = meaning(code, name)
        if module is None:
            assert found.standing is Standing.FREE
        else:
            assert (found.standing, found.module) == (Standing.IMPORTED, module)

    @pytest.mark.parametrize(
        "arguments", ["x", "x, /", "*, x", "*x", "**x", "x=1", "a, *, x=1", "a, x, /, b"]
    )
    def test_given(self, arguments: str) -> None:
        assert standing(f"def f({arguments}): ...") is Standing.GIVEN
        assert standing(f"async def f({arguments}): ...") is Standing.GIVEN
        assert standing(f"f = lambda {arguments}: x") is Standing.GIVEN

    @pytest.mark.parametrize(
        "code",
        [
            "x = 1\nx = 1",
            "if y:\n    x = 1\nelse:\n    x = 2",
            "x: str",
            "x += 1",
            "x, y = 1, 2",
            "[x] = y",
            "*x, y = z",
            "for x in y: ...",
            "[y for x in z]",
            "with y as x: ...",
            "try: ...\nexcept E as x: ...",
            "try: ...\nexcept* E as x: ...",
            "match y:\n    case x: ...",
            "match y:\n    case [*x]: ...",
            "match y:\n    case {**x}: ...",
            "match y:\n    case C() as x: ...",
            "del x",
            "import x, x",
            "import x\nx = 1",
            "import x.y, x.z",
            "from a import x, y as x",
            "def x(): ...",
            "async def x(): ...",
            "class x: ...",
            "x = 1\ndef x(): ...",
        ],
    )
    def test_bound_in_another_way(self, code: str) -> None:
        assert scopes(code)[0].meaning("x") == NameMeaning(Standing.UNKNOWN)

    @pytest.mark.parametrize("body", ["x = 1", "x += 1", "for x in y: ...", "del x"])
    def test_a_parameter_that_is_bound_again(self, body: str) -> None:
        assert standing(f"def f(x):\n    {body}") is Standing.UNKNOWN

    def test_a_name_that_another_scope_may_bind(self) -> None:
        before = "x = 'a'\n"
        assert standing(f"{before}def f():\n    global x\n    x = 1") is Standing.UNKNOWN
        after = "def f():\n    def g():\n        global x\n        x = 1\n"
        assert scopes(f"{before}{after}")[0].meaning("x").standing is Standing.UNKNOWN
        # One anywhere is enough, though it means another name here.
        elsewhere = "def g():\n    global x\ndef f():\n    x = 'a'"
        assert standing(elsewhere) is Standing.UNKNOWN
        nonlocal_ = "def f():\n    x = 'a'\n    def g():\n        nonlocal x\n"
        assert scopes(nonlocal_)[1].meaning("x").standing is Standing.UNKNOWN

    def test_of_one_name_that_is_rebound_others_are_no_worse(self) -> None:
        code = "x = 'a'\ny = 'b'\ndef f():\n    global y\n"
        assert scopes(code)[0].meaning("x").standing is Standing.VALUE

    @pytest.mark.parametrize("code", ["from a import *", f"{ELSEWHERE}()"])
    def test_where_other_files_bind_names_nothing_is_sure(self, code: str) -> None:
        assert standing(f"x = 'a'\n{code}") is Standing.UNKNOWN
        assert standing(f"import x\n{code}") is Standing.UNKNOWN
        # In that scope, and not in one around it or inside it.
        inner = f"x = 'a'\ndef f():\n    {ELSEWHERE}()"
        assert standing(inner) is Standing.VALUE
        assert standing(f"{code}\ndef f():\n    x = 'a'") is Standing.VALUE


class TestWhereItIsLookedFor:
    def test_from_the_inside_out(self) -> None:
        code = "x = 'module'\ndef f():\n    x = 'f'\n    def g():\n        return x"
        module, f, g = scopes(code)
        assert [value(code) for _ in (module, f, g)] == ["'f'"] * 3
        assert g.meaning("x").scope is f
        assert module.meaning("x").scope is module

    def test_what_hides_a_value_hides_it_altogether(self) -> None:
        assert standing("x = 'a'\ndef f(x): ...") is Standing.GIVEN
        assert standing("x = 'a'\ndef f():\n    for x in y: ...") is Standing.UNKNOWN
        # Also before it is bound there: Python would raise UnboundLocalError.
        assert value("x = 'a'\ndef f():\n    print(x)\n    x = 'b'") == "'b'"

    def test_a_classs_names_are_seen_in_its_own_body_alone(self) -> None:
        code = "x = 'module'\nclass A:\n    x = 'class'\n    def f(self):\n        return x"
        module, cls, method = scopes(code)
        found = [each.meaning("x").scope for each in (module, cls, method)]
        assert found == [module, cls, module]

    def test_a_classs_names_are_not_seen_in_an_inner_class_either(self) -> None:
        code = "class A:\n    x = 'a'\n    class B:\n        y = x"
        assert standing(code) is Standing.FREE

    def test_what_a_function_binds_is_not_seen_outside(self) -> None:
        code = "def f():\n    x = 'a'\nf()"
        assert scopes(code)[0].meaning("x").standing is Standing.FREE

    def test_a_comprehension_is_part_of_the_scope_around_it(self) -> None:
        """Count its names more strictly than Python, where they are its own."""
        assert standing("x = 'a'\n[x for x in y]") is Standing.UNKNOWN
        assert standing("[y := 1 for z in x]", "y") is Standing.VALUE

    def test_a_decorator_and_a_default_bind_in_the_scope_around(self) -> None:
        code = "@f(x := 'a')\ndef g(y=(z := 'b')): ..."
        module = scopes(code)[0]
        assert [module.meaning(name).standing for name in ("x", "z")] == [Standing.VALUE] * 2


def texts(code: str, expression: str) -> list[str | None]:
    """Strings that an expression may be, read in the last scope of the text."""
    node = ast.parse(expression, mode="eval").body
    return list(strings(node, scopes(code)[-1]))


class TestStrings:
    @pytest.mark.parametrize(
        ("expression", "found"),
        [
            ("'a'", ["a"]),
            ("''", [""]),
            ("'a' if y else 'b'", ["a", "b"]),
            ("'a' if y else z", ["a", None]),
            ("'a' if y else 'b' if z else 'c'", ["a", "b", "c"]),
            ("(y := 'a')", ["a"]),
            ("(y := 'a' if z else 'b')", ["a", "b"]),
            ("b'a'", [None]),
            ("5", [None]),
            ("None", [None]),
            ("f'a'", [None]),
            ("'a' + 'b'", [None]),
            ("'a' or 'b'", [None]),
            ("f('a')", [None]),
            ("y.z", [None]),
            ("y", [None]),
        ],
    )
    def test_of_an_expression(self, expression: str, found: list[str | None]) -> None:
        assert texts("", expression) == found

    def test_of_a_name_with_a_value(self) -> None:
        assert texts("x = 'a'", "x") == ["a"]
        assert texts("x = 'a' if y else 'b'", "x if z else 'c'") == ["a", "b", "c"]
        assert texts("x = y = z = 'a'", "y") == ["a"]

    @pytest.mark.parametrize("code", ["import x", "def f(x): ...", "x = 1\nx = 2", "x = f()"])
    def test_of_a_name_without_one(self, code: str) -> None:
        assert texts(code, "x") == [None]

    def test_a_value_is_read_where_it_was_assigned(self) -> None:
        code = "y = 'outer'\nx = y\ndef f():\n    y = 'inner'"
        assert texts(code, "x") == ["outer"]
        assert texts(code, "y") == ["inner"]

    def test_assignments_are_followed_a_few_steps(self) -> None:
        chain = "".join(f"x{n} = x{n + 1}\n" for n in range(4)) + "x4 = 'a'"
        assert texts(chain, "x0") == ["a"]
        longer = "".join(f"x{n} = x{n + 1}\n" for n in range(5)) + "x5 = 'a'"
        assert texts(longer, "x0") == [None]

    def test_a_circle_has_an_end(self) -> None:
        assert texts("x = y\ny = x", "x") == [None]
        assert texts("x = x", "x") == [None]
        # Each step has two ways.
        assert set(texts("x = x if a else x", "x")) == {None}
