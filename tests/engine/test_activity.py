"""What of the engine is active is told as it is, before and after the speedups are installed."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import tornado
from tornado import httpserver, web
from tornado.http1connection import HTTP1Connection
from tornado.websocket import WebSocketProtocol13

from tornkit.engine import activity as activities
from tornkit.engine import server, speedups
from tornkit.engine.activity import ENGINE, ROUTING, WEBSOCKETS, activity, summary
from tornkit.engine.fidelity import texts

ALL = {ENGINE, ROUTING, WEBSOCKETS, *(each.replaced for each in speedups.SPEEDUPS)}


@pytest.fixture(autouse=True)
def looks_anew() -> Any:
    """The process keeps what it has found of the engine's functions."""
    server.unknown.cache_clear()
    yield
    speedups.uninstall()
    server.unknown.cache_clear()


def chosen(engine: str = "tornkit", *, with_speedups: bool = True) -> Any:
    return SimpleNamespace(engine=engine, speedups=with_speedups)


@pytest.mark.parametrize("installed", [False, True])
def test_all_is_active_with_the_installed_tornado(installed: bool) -> None:
    if installed:
        speedups.install()
    found = activity()
    assert set(found.active) == ALL
    assert (found.inactive, found.unknown, found.unsupported) == ((), (), ())
    assert found.is_of_known_version is (tornado.version in texts.written_for())


def test_without_speedups_there_are_two_parts() -> None:
    assert set(activity(with_speedups=False).active) == {ENGINE, ROUTING}


def changed(owner: type, name: str) -> Any:
    """A function that is Tornado's by its name and its module, and has no text."""
    own = vars(owner)[name]
    space = {"__name__": own.__module__}
    exec(f"def {name}(*args, **kwargs): ...", space)
    function: Any = space[name]
    function.__qualname__ = own.__qualname__
    return function


@pytest.mark.parametrize(
    ("owner", "name", "inactive"),
    [
        (HTTP1Connection, "write", {ENGINE}),
        (WebSocketProtocol13, "_write_frame", {WEBSOCKETS}),
        (web.RequestHandler, "get_cookie", {"RequestHandler.get_cookie"}),
        (web.RequestHandler, "compute_etag", {"RequestHandler.finish"}),
    ],
)
def test_what_is_unknown_makes_its_own_part_inactive(
    owner: type, name: str, inactive: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, changed(owner, name))
    found = activity()
    assert set(found.inactive) == inactive
    assert set(found.active) == ALL - inactive
    assert found.unknown == (f"{owner.__module__}.{owner.__name__}.{name}",)


def test_what_a_program_replaces_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is seen at each request, and the engine comes back when it is put back."""
    monkeypatch.setattr(HTTP1Connection, "write", lambda self, chunk: None)
    assert ENGINE in activity().active


def test_a_class_that_stands_in_the_place_of_tornado_s_is_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(httpserver, "HTTPServer", server.HTTPServer)
    assert activity().inactive == ()


def test_a_class_of_tornado_s_that_lacks_a_function_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(httpserver.HTTPServer, "on_close")
    assert activity().inactive == (ENGINE,)


def test_a_python_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = speedups.SPEEDUPS
    monkeypatch.setattr(speedups, "SPEEDUPS", (replace(first, supported=False), *others))
    found = activity()
    assert found.inactive == found.unsupported == (first.replaced,)
    assert found.unknown == ()


def test_a_summary_names_versions_and_the_loop() -> None:
    loop = asyncio.new_event_loop()
    try:
        found = summary(chosen(), loop)
    finally:
        loop.close()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["tornado"] == tornado.version
    assert found["loop"] == "asyncio"
    assert set(found["active"]) == ALL


def test_tornado_s_own_server_has_no_parts() -> None:
    found = summary(chosen("tornado"))
    assert (found["engine"], found["active"], found["inactive"]) == ("tornado", [], [])


def test_a_process_that_forks_others_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    activities.look()
    looked: list[object] = []
    monkeypatch.setattr(texts, "text_of", looked.append)
    assert activity().inactive == ()
    assert looked == []
