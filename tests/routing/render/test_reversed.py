"""What ``--reverse`` says."""

from __future__ import annotations

import json
from typing import Any

from tornado.routing import Matcher
from tornado.web import Application, RequestHandler

from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.render.reversed import document, lines
from tornkit.routing.render.spans import text_of
from tornkit.routing.reversing.named import reverse


class Post(RequestHandler):
    def get(self, *args: str) -> None: ...


class Custom(Matcher): ...


POST: tuple[Any, ...] = (r"/posts/([0-9]+)", Post, {}, "post")


def said(*apps: list[Any], name: str = "post", args: tuple[str, ...] = ("7",)) -> str:
    tables = unreversed_tables([Application(rules) for rules in apps])
    return text_of(lines(reverse(tables, name, args)))


def test_the_way_back() -> None:
    assert said([POST]) == "/posts/7 leads back to route 0, Post, with the argument '7'\n"


def test_the_host_that_it_takes() -> None:
    application = Application([])
    application.add_handlers(r"a\.com", [("/", Post, {}, "home")])
    found = reverse(unreversed_tables([application]), "home")
    assert text_of(lines(found)) == "/ leads back to route 0, Post, with the host a.com\n"


def test_why_it_does_not_lead_back() -> None:
    assert said([POST], args=("x",)) == (
        "/posts/x does not lead back to route 0, Post: the pattern does not match it\n"
    )
    assert said([("/.*", Post), POST]) == (
        "/posts/7 does not lead back to route 1, Post: route 0 (Post) takes the URL\n"
    )


def test_why_there_is_no_url() -> None:
    assert said([POST], args=()).startswith("route 0, Post, can't be reversed: it takes 1 argument")


def test_what_is_undecided() -> None:
    assert said([(Custom(), Post), POST]).startswith("/posts/7 may lead back to route 1, Post: ")


def test_names_that_are_not_there() -> None:
    assert said([POST], name="pots") == "no route is named 'pots'. Did you mean post?\n"
    assert said([POST], name="x") == "no route is named 'x'; tornkit routes lists the names\n"
    assert said([("/", Post)], name="x") == "no route is named 'x': none has a name\n"


def test_a_name_of_several_routes() -> None:
    text = said([("/a", Post, {}, "x"), ("/b", Post, {}, "x")], name="x", args=())
    assert text == (
        "/b leads back to route 1, Post\n  its name is also that of route 0, which it never gives\n"
    )


def test_a_name_of_several_applications() -> None:
    text = said([POST], [POST])
    assert text.splitlines()[1].startswith("application 1: /posts/7 leads back to route 1")


def test_json() -> None:
    found = reverse(unreversed_tables([Application([POST])]), "post", ("x",))
    assert json.loads(document(found, "app.py", "6.6")) == {
        "version": 1,
        "tornado": "6.6",
        "app": "app.py",
        "name": "post",
        "args": ["x"],
        "url": "/posts/x",
        "answers": [
            {
                "application": 0,
                "route": 0,
                "url": "/posts/x",
                "outcome": "misses",
                "leads_back": False,
                "host": None,
                "reason": "the pattern does not match it",
                "by": [],
                "others": [],
            }
        ],
        "similar": [],
    }


def test_json_of_an_unknown_name() -> None:
    found = json.loads(document(reverse(unreversed_tables([Application([POST])]), "pots"), "a", ""))
    assert (found["url"], found["answers"], found["similar"]) == (None, [], ["post"])
