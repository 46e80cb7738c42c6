"""Lines are looked up by the mark behind them, so edits here break nothing."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application

from tornkit.routing.model import Places, RouteTable
from tornkit.routing.reading.declared import with_declarations
from tornkit.routing.tables import route_table

HEAD = """\
import re
from tornado.routing import *
from tornado.web import *
from tornado.web import url

class Home(RequestHandler):
    def get(self): ...

class Other(Home): ...

def callback(request): ...

"""


def callback_of_nobody(request: object) -> None: ...


class Written:
    """Applications in files of a folder, and what is found of their rules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: list[str] = []

    def module(self, source: str, name: str = "app") -> Any:
        path = self.folder / f"{name}.py"
        path.write_text(HEAD + textwrap.dedent(source))
        loaded = f"tornkit_test_declared_{name}"
        spec = importlib.util.spec_from_file_location(loaded, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[loaded] = module
        self.modules.append(loaded)
        spec.loader.exec_module(module)
        return module

    def forget(self) -> None:
        for name in self.modules:
            sys.modules.pop(name, None)

    def table(self, application: object) -> RouteTable:
        files = tuple(sorted(str(path) for path in self.folder.glob("*.py")))
        return with_declarations(replace(route_table(application), places=Places(files)))

    def marks(self, application: object) -> list[str | None]:
        """For each route the comment on its line."""
        found: list[str | None] = []
        for route in self.table(application).routes:
            source = route.declared
            if source is None:
                found.append(None)
            else:
                line = Path(source.file).read_text().splitlines()[source.line - 1]
                found.append(line.partition("# ")[2] or line.strip())
        return found

    def of(self, source: str) -> list[str | None]:
        return self.marks(self.module(source).app)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    made = Written(tmp_path.resolve())
    yield made
    made.forget()


def test_every_way_to_write_a_rule(written: Written) -> None:
    found = written.of(
        r"""
        ID = r"[0-9]+"

        class Own(PathMatches): ...
        class Guarded(PathMatches):
            def match(self, request): ...

        app = Application([
            ("/tuple", Home),  # tuple
            ["/list", Home],  # list
            (r"/kwargs/(\d+)", Home, {}, "kwargs"),  # kwargs
            url(r"/url", Home),  # url
            URLSpec("/spec", Home, name="spec"),  # spec
            URLSpec(pattern="/named", handler=Home),  # named
            Rule(PathMatches("/rule"), Home),  # rule
            Rule(matcher=PathMatches(path_pattern="/deep"), target=Home),  # deep
            url(re.compile(r"/compiled"), Home),  # compiled
            Rule(PathMatches(re.compile("/twice")), Home),  # twice
            url(re.compile(pattern="/flags", flags=re.I), Home),  # flags
            ("/with-end$", Home),  # with end
            (
                "/on"  # pieces
                "/three"
                "/lines",
                Home,
            ),
            (rf"/f/({ID})", Home),  # f-string
            (r"/sum/(" + ID + ")", Home),  # sum
            (Own("/own"), Home),  # own
            (Guarded("/guarded"), Home),  # guarded
            (HostMatches("a.com"), Home),  # host
            ("/function", callback),  # function
            ("/dotted", f"{__name__}.Home"),  # dotted name
            (AnyMatches(), Home),
        ])
        """
    )
    assert found == [
        *("tuple", "list", "kwargs", "url", "spec", "named", "rule", "deep", "compiled"),
        *("twice", "flags", "with end", "pieces", "f-string", "sum", "own", "guarded", "host"),
        *("function", "dotted name", None),
    ]


def test_decorators(written: Written) -> None:
    found = written.of(
        """
        RULES = []

        def route(pattern, **options):
            def decorate(thing):
                RULES.append(url(pattern, thing, **options))
                return thing
            return decorate

        def page(pattern):
            def decorate(function):
                made = type("Made", (RequestHandler,), {"get": function})
                RULES.append((pattern, made))
                return function
            return decorate

        @route("/a", name="a")  # a
        class A(Home): ...

        @route("/two")  # first
        @route("/b")  # b
        class B(Home): ...

        @page("/made")  # made
        def view(handler): ...

        app = Application(RULES)
        """
    )
    assert found == ["a", "b", "first", "made"]


def test_helpers_of_the_users_own(written: Written) -> None:
    found = written.of(
        """
        def add(pattern, name, handler):
            return url(pattern, handler, name=name)

        app = Application([add("/a", "a", Home)])  # a
        """
    )
    assert found == ["a"]


def test_what_only_mentions_the_pattern(written: Written) -> None:
    found = written.of(
        """
        app = Application([url(path, Home) for path in ["/a", "/b"]])
        links = [("/a", "Home page"), ("/b", 5), {"/a": Home}]

        class Elsewhere(RequestHandler):
            def get(self):
                self.redirect("/a")
                self.redirect("/b", True)
                self.render("/a", Other)
        """
    )
    assert found == [None, None]


def test_equal_patterns_are_told_apart_by_their_handlers(written: Written) -> None:
    found = written.of(
        """
        from tornado import web as w
        Alias = Home
        app = Application([
            ("/a", Other),  # other
            ("/a", Alias),  # alias
            ("/a", w.RedirectHandler, {"url": "/"}),  # redirect
            ("/a", callback),  # callback
        ])
        """
    )
    assert found == ["other", "alias", "redirect", "callback"]


def test_equal_patterns_and_handlers_are_told_apart_by_their_names(written: Written) -> None:
    found = written.of(
        """
        def first():
            return [url("/a", Home, name="one")]  # one

        def second():
            return [("/a", Home, {}, "two"), ("/b", Home)]  # two and b

        def third():
            return [("/a", Home)]  # none

        app = Application(third() + second() + first())
        """
    )
    assert found == ["none", "two and b", "two and b", "one"]


def test_in_one_router_by_their_order(written: Written) -> None:
    found = written.of(
        """
        app = Application([
            ("/a", Home, {"x": 1}),  # first
            ("/b", Home),  # b
            ("/a", Home, {"x": 2}),  # second
        ])
        """
    )
    assert found == ["first", "b", "second"]


def test_one_line_may_make_several(written: Written) -> None:
    found = written.of(
        """
        def rules():
            return [("/a", Home)]  # a

        app = Application(rules())
        for host in ("one", "two"):
            app.add_handlers(host, rules())
        """
    )
    assert found == ["a", "a", "a"]


def test_where_it_stays_open_nothing_is_said(written: Written) -> None:
    found = written.of(
        """
        one = [("/a", Home)]
        two = [("/a", Home)]
        app = Application(one)
        app.add_handlers("host", two)
        """
    )
    assert found == [None, None]
    written.module("app = [('/x', Home), ('/x', 5)]", "other")
    home = sys.modules["tornkit_test_declared_app"].Home
    assert written.marks(Application([("/x", home), ("/x", home), ("/x", home)])) == [None] * 3


def test_a_rule_for_another_application_is_not_this_ones(written: Written) -> None:
    written.module("app = Application([('/a', Other)])", "other")
    module = written.module("app = Application([('/a', Home)])  # mine")
    assert written.marks(module.app) == ["mine"]
    assert written.marks(Application([("/a", callback_of_nobody)])) == [None]


def test_copies_under_default_host_stand_where_the_original_stands(written: Written) -> None:
    found = written.of(
        """
        app = Application([("/", Home)], default_host="a.com")  # root
        app.add_handlers("a.com", [("/a", Home), ("/b", Other)])  # host
        """
    )
    assert found == ["host", "host", "root", "host", "host"]


def test_what_tornado_inserted_is_written_nowhere(written: Written) -> None:
    found = written.of(
        """
        app = Application([(r"/static/(.*)", Home)], static_path="static")  # mine
        """
    )
    assert found == [None, None, None, "mine"]


def test_routers_in_routers(written: Written) -> None:
    found = written.of(
        """
        inner = RuleRouter([("/in/a", callback)])  # a
        app = Application([
            (PathMatches("/in/.*"), [("/in/b", Home)], {}, "inside"),  # inside and b
            (PathMatches("/in/.*"), inner),
        ])
        """
    )
    assert found == ["inside and b", "inside and b", "a"]


def test_a_program_that_was_run_is_in_no_module(written: Written) -> None:
    module = written.module(
        """
        PREFIX = "/api"
        WORD = PREFIX + "/[a-z]+"
        MOVED = "/old"
        MOVED = "/new"
        app = Application([
            ("/a", Home),  # a
            (PREFIX + "/b", Home),  # b
            (f"{WORD}/c", Home),  # c
            (f"{MOVED}/d", Home),
        ])
        """
    )
    written.forget()
    assert written.marks(module.app) == ["a", "b", "c", None]


def test_files_that_can_not_be_read(written: Written) -> None:
    module = written.module("app = Application([('/a', Home)])  # a")
    (written.folder / "broken.py").write_text("def (")
    (written.folder / "latin.py").write_bytes(b"x = '\xff'")
    places = Places((*map(str, sorted(written.folder.glob("*.py"))), "/no/where.py"))
    (route,) = with_declarations(replace(route_table(module.app), places=places)).routes
    assert route.declared is not None
    assert route.where == route.declared


def test_without_files_nothing_is_found(written: Written) -> None:
    module = written.module("app = Application([('/a', Home)])")
    (route,) = with_declarations(replace(route_table(module.app), places=Places())).routes
    assert route.declared is None
    assert route.where == route.target.source
