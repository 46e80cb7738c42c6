"""What ``--match`` says, for programs."""

from __future__ import annotations

import json
from typing import Any

from tornado.routing import Matcher
from tornado.web import Application, RedirectHandler, RequestHandler

from tornkit.routing.matching.asked import asked
from tornkit.routing.matching.explain import explain
from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.render.explained_json import document


class Post(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None: ...


class Custom(Matcher): ...


def said(*rules: Any, url: str, headers: tuple[str, ...] = ()) -> Any:
    request = asked(url, None, headers)
    tables = unreversed_tables([Application(list(rules))])
    found = [explain(each.table, request, "6.6") for each in tables]
    text = document(found, request, "app.py", "6.6")
    assert text.isascii()
    return json.loads(text)


def test_a_whole_document() -> None:
    found = said(
        ("/posts", Post),
        (r"/posts/(\w+)(/x)?", Post),
        ("/.*", Post),
        url="http://A.com:80/posts/é",
        headers=("Cookie: secret",),
    )
    assert found["request"] == {
        "method": "GET",
        "path": "/posts/%C3%A9",
        "host": "A.com:80",
        "host_name": "a.com",
        "headers": ["Cookie"],
        "notes": ["a client sends the path percent-encoded: /posts/%C3%A9"],
    }
    assert "secret" not in json.dumps(found)
    assert (found["version"], found["tornado"], found["app"]) == (1, "6.6", "app.py")
    assert found["answered"] is True
    (application,) = found["applications"]
    assert application["answer"]["route"] == 2
    assert [each["route"] for each in application["passed"]] == [0, 1]
    assert application["passed"][0] == {
        "route": 0,
        "reason": "ends before",
        "near": True,
        "message": "ends before '/%C3%A9'",
        "instead": "/posts",
    }
    assert application["later"] == []


def test_an_answer_with_arguments() -> None:
    (application,) = said((r"/(\w+)(/x)?", Post), url="/a")["applications"]
    assert application["answer"] == {
        "verdict": "handler",
        "status": None,
        "route": 0,
        "by": f"{__name__}.Post",
        "call": "Post.get",
        "arguments": {"positional": ["a", None], "named": {}},
        "allowed": [],
        "location": None,
        "reason": None,
        "caveats": [],
    }


def test_named_arguments_and_bytes_that_are_no_utf_8() -> None:
    (application,) = said((r"/(?P<word>.*)", Post), url="/%FFx")["applications"]
    answer = application["answer"]
    assert answer["arguments"] == {"positional": [], "named": {"word": {"bytes": "%FFx"}}}
    assert (answer["verdict"], answer["status"]) == ("bad request", 400)


def test_a_redirects_password_is_masked() -> None:
    rule = ("/", RedirectHandler, {"url": "https://me:secret@b.org/"})
    (application,) = said(rule, url="/")["applications"]
    assert application["answer"]["location"] == "https://me:***@b.org/"


def test_who_answers_404_and_what_is_undecided() -> None:
    found = said((Custom(), Post), url="/a")
    (application,) = found["applications"]
    assert application["answer"]["by"] == "tornado.web.ErrorHandler"
    assert application["answer"]["route"] is None
    (undecided,) = application["undecided"]
    assert (undecided["route"], undecided["why"]) == (0, "the matcher Custom")
    assert found["answered"] is True
    assert said(("/b", Post), url="/a")["answered"] is False
