"""Routes and imports put into Python source."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tornkit.scaffold import route_list
from tornkit.scaffold.route_list import NewRoute, NoRouteList

NEW = NewRoute("/new", "NewHandler", "new")
URL = "from tornado.web import url\n"


ADDED = '    url(r"/new", NewHandler, name="new"),\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ROUTES = [\n    url(a),\n]\n", f"ROUTES = [\n    url(a),\n{ADDED}]\n"),
        ("ROUTES = [\n    url(a)\n]\n", f"ROUTES = [\n    url(a),\n{ADDED}]\n"),
        (
            "ROUTES: list[X] = [\n    url(a)  # a, b\n    # more,\n]\nx = 1\n",
            f"ROUTES: list[X] = [\n    url(a),  # a, b\n    # more,\n{ADDED}]\nx = 1\n",
        ),
        ("ROUTES = []\n", f"ROUTES = [\n{ADDED}]\n"),
        ("ROUTES = [url(a), url(b)]\n", f"ROUTES = [\n    url(a),\n    url(b),\n{ADDED}]\n"),
        ("ROUTES = [url(a),\n  url(b)]\n", f"ROUTES = [url(a),\n  url(b),\n{ADDED}]\n"),
        ("ROUTES = [url(a),\n  url(b),]\n", f"ROUTES = [url(a),\n  url(b),\n{ADDED}]\n"),
        (
            's = "é"; ROUTES = [\n    url("é", [1, 2]),\n]\n',
            f's = "é"; ROUTES = [\n    url("é", [1, 2]),\n{ADDED}]\n',
        ),
        (
            "ROUTES = [\r\n    url(a),\r\n]\r\n",
            "ROUTES = [\r\n    url(a),\r\n" + ADDED.replace("\n", "\r\n") + "]\r\n",
        ),
    ],
)
def test_the_list_gets_one_more(before: str, after: str) -> None:
    end = "\r\n" if "\r\n" in before else "\n"
    head = URL.replace("\n", end)
    assert route_list.with_route(head + before, NEW) == head + after


def test_without_url_it_is_a_tuple() -> None:
    assert '    (r"/new", NewHandler, {}, "new"),\n' in route_list.with_route(
        "ROUTES = [\n]\n", NEW
    )


@pytest.mark.parametrize("length", [40, 60, 90])
def test_long_lines_are_broken_as_ruff_would(length: int) -> None:
    route = NewRoute("/" + "a" * length, "AHandlerWithALongName", "new")
    text = route_list.with_route(URL + "\nROUTES = [\n]\n", route)
    ast.parse(text)
    assert max(map(len, text.splitlines())) <= max(100, length + 20)
    if find_spec("ruff") is None:
        pytest.skip("there is no ruff")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "100", "-"],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == text


@pytest.mark.parametrize(
    "source", ["", "x = [1]\n", "ROUTES = (1,)\n", "ROUTES = a + [1]\n", "ROUTES = [\n", "\0"]
)
def test_no_list(source: str) -> None:
    for attempt in (
        lambda: route_list.with_route(source, NEW),
        lambda: route_list.names_of_routes(source),
    ):
        with pytest.raises(NoRouteList):
            attempt()


def test_names() -> None:
    source = 'ROUTES = [url(a, b, name="one"), (a, b, {}, "two"), url(a, b, {}, "three"), x]\n'
    assert route_list.names_of_routes(source) == {"one", "two", "three"}


A_M = "from p.a import A\nfrom p.m import M\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from p.a import A\nfrom p.z import Z\n", A_M + "from p.z import Z\n"),
        ("from p.a import A\n\nx = 1\n", A_M + "\nx = 1\n"),
        ("from p.n import (\n    A,\n)\n", "from p.m import M\nfrom p.n import (\n    A,\n)\n"),
        ("import os\n\nx = 1\n", "import os\n\nfrom p.m import M\n\nx = 1\n"),
        ('"""Doc."""\n\nx = 1\n', '"""Doc."""\n\nfrom p.m import M\n\nx = 1\n'),
        ("from p.m import M\n", "from p.m import M\n"),
        ("from p.a import A\r\n", "from p.a import A\r\nfrom p.m import M\r\n"),
    ],
)  # fmt: skip
def test_imports(before: str, after: str) -> None:
    assert route_list.with_import(before, "p.m", "M") == after


def test_a_long_import_is_broken() -> None:
    module = "p." + "m" * 80
    text = route_list.with_import("from p.a import A\n", module, "LongName")
    assert text == f"from p.a import A\nfrom {module} import (\n    LongName,\n)\n"


def test_a_class_before_the_list() -> None:
    source = "import a\n\n\n\nx = 1\n\n# Routes:\n# all.\nROUTES = [\n]\n"
    assert route_list.before_routes(source, "class A:\n    x = 1\n") == (
        "import a\n\n\n\nx = 1\n\n\nclass A:\n    x = 1\n\n\n# Routes:\n# all.\nROUTES = [\n]\n"
    )


def test_binds() -> None:
    source = "from tornado.web import RequestHandler as R, url\nimport os\n"
    assert route_list.binds(source, "url")
    assert route_list.binds(source, "R")
    assert route_list.binds(source, "os")
    assert not route_list.binds(source, "RequestHandler")
