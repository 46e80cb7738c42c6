"""The routes that a request was near."""

from __future__ import annotations

import pytest
from tornado.web import Application, RequestHandler

from tests.devtools.requests import request
from tornkit.devtools.routes import routed
from tornkit.routing.render.spans import text_of

APPLICATION = Application(
    [
        (r"/users/(\d+)/edit", RequestHandler),
        ("/about", RequestHandler),
        ("/Login", RequestHandler),
        *((f"/posts/{number}", RequestHandler) for number in range(20)),
    ]
)


def near(path: str) -> list[str]:
    asked = request()
    asked.path = path
    return [each.path for each in routed(APPLICATION, asked).nearest]


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/about/", ["/about"]),
        ("/abuot", ["/about"]),
        ("/login", ["/Login"]),
        ("/user/7/edit", ["/users/7/edit"]),
        ("/nothing/like/it", []),
        ("//about", []),
    ],
)
def test_what_may_have_been_meant(path: str, nearest: list[str]) -> None:
    assert near(path) == nearest


def test_a_few_are_enough() -> None:
    assert len(near("/post/1")) <= 5


def test_the_routes_are_those_of_the_command() -> None:
    asked = request()
    asked.path = "/about"
    text = text_of(routed(APPLICATION, asked).lines)
    assert text.startswith("GET /about -> 405")
    assert r"/users/(\d+)/edit" in text
