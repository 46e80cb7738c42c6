from __future__ import annotations

import json
from pathlib import Path

from tornado.web import Application, RequestHandler, url
from tornado.websocket import WebSocketHandler

from tornkit.testing.reached import ReachedRoutes
from tornkit.testing.recording import SeenRequest


class Items(RequestHandler):
    def get(self) -> None:
        return

    def post(self) -> None:
        return


class Item(RequestHandler):
    def get(self, number: str) -> None:
        return


class Chat(WebSocketHandler):
    def open(self) -> None:
        return


HERE = Path(__file__).parent


def application() -> Application:
    return Application(
        [
            url("/items", Items),
            url("/items/([0-9]+)", Item, name="item"),
            url("/chat", Chat),
        ]
    )


def seen(*requests: str) -> set[SeenRequest]:
    """``GET /a``, asked of this machine."""
    return {SeenRequest(method, "127.0.0.1", target) for method, target in map(str.split, requests)}


def shown(reached: ReachedRoutes) -> list[list[str]]:
    """Words of each line."""
    return [line.split() for line in reached.lines()]


ALL = seen("GET /items?page=2", "POST /items", "GET /items/1", "GET /chat")


def test_routes_without_requests_are_told() -> None:
    reached = ReachedRoutes(HERE)
    reached.add(application(), seen("GET /items/1", "GET /nowhere"))
    lines = shown(reached)
    assert [line[:-2] for line in lines[:-1]] == [["GET", "POST", "/items"], ["WS", "/chat"]]
    assert all(line[-2].startswith("test_reached.py:") for line in lines[:-1])
    assert lines[-1] == ["2", "of", "3", "routes", "not", "reached"]


def test_methods_without_requests_are_told() -> None:
    reached = ReachedRoutes(HERE)
    reached.add(application(), seen("GET /items", "GET /items/1", "GET /chat"))
    first, last = reached.lines()
    assert first.split()[:2] == ["POST", "/items"]
    assert last == "0 of 3 routes not reached, 1 not by each method"


def test_head_counts_with_get() -> None:
    class Both(RequestHandler):
        def get(self) -> None:
            return

        def head(self) -> None:
            return

    for request, left in (("GET /", 0), ("HEAD /", 1), ("POST /", 1)):
        reached = ReachedRoutes(HERE)
        reached.add(Application([("/", Both)]), seen(request))
        assert len(reached.lines()) == 1 + left


def test_all_reached() -> None:
    reached = ReachedRoutes(HERE)
    reached.add(application(), ALL)
    assert reached.lines() == ["each of 3 routes, by each method"]


def test_several_tests_add_up() -> None:
    reached = ReachedRoutes(HERE)
    for each in ALL:
        assert reached.lines() != ["each of 3 routes, by each method"]
        reached.add(application(), {each})
    assert reached.lines() == ["each of 3 routes, by each method"]


def test_several_processes_add_up() -> None:
    first, second, told = ReachedRoutes(HERE), ReachedRoutes(HERE), ReachedRoutes(HERE)
    first.add(application(), seen("GET /items", "GET /chat"))
    second.add(application(), seen("POST /items", "GET /items/1"))
    told.hear(json.loads(json.dumps(first.told())))
    assert len(told.lines()) == 3
    told.hear(json.loads(json.dumps(second.told())))
    assert told.lines() == ["each of 3 routes, by each method"]


def test_hosts_tell_routes_apart() -> None:
    app = application()
    app.add_handlers("admin.example.com", [("/items", Items)])
    reached = ReachedRoutes(HERE)
    admin = {SeenRequest(method, "admin.example.com", "/items") for method in ("GET", "POST")}
    reached.add(app, seen("GET /items/1", "GET /chat") | admin)
    first, last = reached.lines()
    assert first.split()[:3] == ["GET", "POST", "/items"]
    assert last.startswith("1 of 4 routes")


def test_nothing_was_used() -> None:
    assert ReachedRoutes(HERE).lines() == [
        "no test has used the application, by client, aclient or live_server"
    ]
