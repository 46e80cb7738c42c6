"""Tests of the short texts of one route; `test_rows` has them in a table."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.routing.handmade import PAGE, a_route, host, path
from tornkit.routing.conditions import Condition, CustomCondition, DefaultHostCondition
from tornkit.routing.model import Keyword, Operation, RouteTarget, Source, TargetKind
from tornkit.routing.reading.values import shown
from tornkit.routing.render import words

BASE = Path("/project")
DEFAULT = DefaultHostCondition(re.compile(r"a\.com$"), "a.com")
MINE = CustomCondition("Mine")


class TestHost:
    @pytest.mark.parametrize(
        ("above", "text", "kind"),
        [
            ((), "", ""),
            ((path("/.*"), MINE), "", ""),
            ((host(r"b\.com$"),), r"b\.com", "rule"),
            ((DEFAULT,), r"a\.com", "default_host"),
            ((host(r".*\.com$"), path("/x"), host("b")), r".*\.com & b", "rule"),
            ((host(r".*\.com$"), DEFAULT), r".*\.com & a\.com", "default_host"),
        ],
    )
    def test_all_rules_on_the_way(self, above: tuple[Condition, ...], text: str, kind: str) -> None:
        route = a_route("/x", *above)
        assert (words.host(route), words.host_kind(route)) == (text, kind)

    def test_the_one_of_the_route_itself(self) -> None:
        assert words.host(a_route(host("a$"))) == "a"


class TestPattern:
    @pytest.mark.parametrize(
        ("condition", "above", "text"),
        [
            (path("/x$"), (), "/x"),
            (path("/api/users$"), (path("/api/.*$"), host("a$")), "/api/.* & /api/users"),
            (None, (), "(any)"),
            (None, (host("a$"), DEFAULT), "(any)"),
            (None, (path("/x$"),), "/x"),
            (MINE, (), "<Mine>"),
            (path("/x$"), (MINE,), "<Mine> & /x"),
        ],
    )
    def test_all_rules_on_the_way(
        self, condition: Condition | None, above: tuple[Condition, ...], text: str
    ) -> None:
        assert words.pattern(a_route(condition, *above)) == text

    @pytest.mark.parametrize(
        ("condition", "text"),
        [
            (path(r"/(\d+)$"), r"/(\d+)"),
            (path("/a$", re.IGNORECASE), "(?i:/a)"),
            (path("$"), "$"),
            (path(""), "''"),
            (host("a$"), "a"),
            (DEFAULT, r"a\.com"),
            (MINE, "<Mine>"),
            (CustomCondition("Mine", r"/(\d+)$"), r"<Mine /(\d+)$>"),
            (CustomCondition("Mine", ""), "<Mine>"),
        ],
    )
    def test_one_condition(self, condition: Condition, text: str) -> None:
        assert words.condition_text(condition) == text


class TestHandler:
    @pytest.mark.parametrize(
        ("kind", "detail", "text"),
        [
            (TargetKind.HANDLER, None, "Page"),
            (TargetKind.REDIRECT, "to /new", "Page to /new"),
            (TargetKind.ROUTER, None, "Page (router)"),
            (TargetKind.DELEGATE, None, "Page (delegate)"),
            (TargetKind.CALLABLE, "odd", "Page (callable) odd"),
            (TargetKind.NOTHING, None, "Page (nothing)"),
            (TargetKind.FALLBACK, "calls wsgi", "Page calls wsgi"),
            (TargetKind.STATIC, None, "Page"),
        ],
    )
    def test_what_is_no_handler_says_so(
        self, kind: TargetKind, detail: str | None, text: str
    ) -> None:
        target = replace(PAGE, kind=kind, detail=detail)
        assert words.handler_name(target) == text
        assert words.handler(a_route("/x", target=target)) == text

    def test_what_stands_for_a_router(self) -> None:
        for number in (0, 3):  # the first router's number is 0
            route = a_route("/x", target=replace(PAGE, kind=TargetKind.ROUTER), opens=number)
            assert words.handler(route) == "Page (its routes follow)"


class TestArguments:
    @pytest.mark.parametrize(
        ("condition", "found", "text"),
        [
            (path("/x$"), (), ""),
            (path(r"/(\d+)/(?:a)/(x)?$"), (1, 2), "#1, #2"),
            (path(r"/(?P<year>\d+)/(?P<slug>.*)$"), ("year", "slug"), "year, slug"),
            (path(r"/(?P<year>\d+)/(x)$"), ("year",), "year"),
            (None, (), ""),
            (host("(a)$"), (), ""),
            (DEFAULT, (), ""),
            (CustomCondition("Mine", "/(x)"), None, ""),
        ],
    )
    def test_are_the_groups_of_the_routes_own_pattern(
        self, condition: Condition | None, found: tuple[str | int, ...] | None, text: str
    ) -> None:
        route = a_route(condition, path(r"/(outer)/.*$"))
        assert words.arguments(route) == found
        assert words.arguments_text(route) == text

    @pytest.mark.parametrize("kind", TargetKind)
    def test_only_a_handler_gets_them(self, kind: TargetKind) -> None:
        route = a_route(path("/(x)"), target=replace(PAGE, kind=kind))
        assert words.arguments(route) == (() if kind in words.NO_HANDLERS else (1,))

    def test_the_line_of_a_router_has_none(self) -> None:
        assert words.arguments(a_route(path("/(x)"), opens=0)) == ()
        assert words.arguments(a_route(MINE, opens=0)) == ()


class OwnText(str):
    def startswith(self, *what: Any) -> bool:
        raise AssertionError("code of the user's own is not called")


class TestKeywords:
    def said(self, name: str, value: object) -> str:
        return words.keyword(Keyword(name, shown(name, value), value), BASE)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("/project/files", "'files'"),
            ("/project/a/b", "'a/b'"),
            ("/project", "'/project'"),
            ("/projects/a", "'/projects/a'"),
            ("files", "'files'"),
            (Path("/project/files"), f"{type(BASE).__name__}('files')"),
            (Path("/project"), f"{type(BASE).__name__}('.')"),
            (Path("/projects"), f"{type(BASE).__name__}('/projects')"),
            (b"/project/files", "b'/project/files'"),
            (7, "7"),
        ],
    )
    def test_a_path_below_is_relative(self, value: object, text: str) -> None:
        assert self.said("path", value) == text

    def test_what_may_be_secret_stays_masked(self) -> None:
        assert self.said("token", "/project/hunter2") == "'***'"
        assert "hunter2" not in self.said("url", "/project/x?token=hunter2")

    def test_a_class_of_the_users_own_is_not_asked(self) -> None:
        value = OwnText("/project/files")
        assert words.keyword(Keyword("path", "<OwnText>", value), BASE) == "<OwnText>"

    def test_all_of_a_rule_in_their_order(self) -> None:
        kwargs = (Keyword("size", "7", 7), Keyword("path", "'/project/x'", "/project/x"))
        assert words.keywords_text(a_route("/x", kwargs=kwargs), BASE) == "size=7, path='x'"
        assert words.keywords_text(a_route("/x"), BASE) == ""

    def test_what_is_no_mapping_is_shown_as_it_was_given(self) -> None:
        route = a_route("/x", kwargs=(Keyword("**", "'name'", "name"),))
        assert words.keywords_text(route, BASE) == "**'name'"


class TestAuth:
    @pytest.mark.parametrize(
        ("guarded", "which", "text"),
        [
            ([], (), ""),
            ([False, False], (), ""),
            ([True, True], ("GET", "POST"), "yes"),
            ([True], ("GET",), "yes"),
            ([False, True], ("POST",), "POST"),
            ([True, True, False], ("GET", "POST"), "GET POST"),
        ],
    )
    def test_the_methods_that_ask_for_a_user(
        self, guarded: list[bool], which: tuple[str, ...], text: str
    ) -> None:
        names = ("GET", "POST", "PUT")
        operations = tuple(
            Operation(name, authenticated=each) for name, each in zip(names, guarded, strict=False)
        )
        target = RouteTarget("app.Page", TargetKind.HANDLER, operations=operations)
        assert words.authenticated(target) == which
        assert words.auth(target) == text


class TestPlace:
    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("/project/app.py", "app.py:3"),
            ("/project/a/b.py", "a/b.py:3"),
            ("/projects/app.py", "/projects/app.py:3"),
            ("/lib/python3/site-packages/shop/urls.py", "shop/urls.py:3"),
            ("/usr/lib/python3/dist-packages/shop/urls.py", "shop/urls.py:3"),
            ("/project/.venv/lib/site-packages/shop/urls.py", "shop/urls.py:3"),
            ("/my-site-packages/app.py", "/my-site-packages/app.py:3"),
        ],
    )
    def test_is_as_short_as_it_tells(self, file: str, text: str) -> None:
        assert words.place(Source(file, 3), BASE) == text

    def test_there_may_be_none(self) -> None:
        assert words.place(None, BASE) == ""

    def test_a_file_that_is_to_be_opened_keeps_its_whole_name(self) -> None:
        """Reason: an editor or a service that is told of it has to find it."""
        assert words.relative(Source("/project/a/b.py", 3), BASE) == "a/b.py"
        packages = "/lib/site-packages/shop/urls.py"
        assert words.relative(Source(packages, 3), BASE) == packages

    def test_another_base_is_another_text(self) -> None:
        here = Source("/project/a/b.py", 3)
        assert [words.place(here, each) for each in (BASE, BASE / "a", Path("/x"))] == [
            *("a/b.py:3", "b.py:3", "/project/a/b.py:3")
        ]
