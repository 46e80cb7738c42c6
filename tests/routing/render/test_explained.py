"""What ``--match`` says, as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado.routing import Matcher, PathMatches
from tornado.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    RedirectHandler,
    RequestHandler,
    authenticated,
)
from tornado.websocket import WebSocketHandler

from tornkit.routing.matching.asked import asked
from tornkit.routing.matching.explain import explain
from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.render.explained import MOST, lines
from tornkit.routing.render.spans import line_width, text_of

HERE = Path(__file__).parent


class Post(RequestHandler):
    @authenticated
    def get(self, *args: str, **kwargs: str) -> None: ...


class Prepared(RequestHandler):
    def prepare(self) -> None: ...


class Chat(WebSocketHandler):
    def open(self, *args: str) -> None: ...


class Custom(Matcher): ...


def function(request: Any, **kwargs: Any) -> None: ...


def line_of(start: str) -> int:
    source = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(source, 1) if line.startswith(start))


def said(*apps: Any, url: str, method: str = "GET", width: int | None = None) -> str:
    request = asked(url, method)
    found = [explain(each.table, request, "6.6") for each in unreversed_tables(apps)]
    spans = lines(found, HERE, width)
    assert width is None or all(line_width(line) <= width for line in spans)
    return text_of(spans)


def first(*rules: Any, url: str, method: str = "GET", **settings: Any) -> str:
    return said(Application(list(rules), **settings), url=url, method=method).splitlines()[0]


def test_the_answer_comes_first_and_then_what_was_passed_over() -> None:
    app = Application(
        [("/posts", Post), (r"/posts/([0-9]+)", Post, {}, "post"), (r"/posts/(.*)", Post)]
    )
    assert said(app, url="/posts/7?x#y") == (
        "GET /posts/7 -> Post.get('7')\n"
        "  route    1\n"
        "  pattern  /posts/([0-9]+)\n"
        "  name     post\n"
        f"  handler  {__name__}.Post\n"
        f"  defined  test_explained.py:{line_of('class Post')}\n"
        "  but      only for a user who is signed in (@authenticated)\n"
        "  Host     localhost\n"
        "  note     the query plays no part in routing\n"
        "  note     the fragment is not sent\n"
        "\n"
        "Passed over:\n"
        "  0  /posts  Post  ends before '/7'\n"
        "\n"
        "Would take it too, but stand behind:\n"
        "  2  /posts/(.*)  Post  shadowed by route 1\n"
    )


def test_each_kind_of_answer_has_its_words() -> None:
    assert first((r"/(?P<a>.)/(?P<b>.)?", Post), url="/x/").endswith("Post.get(a='x', b=None)")
    assert first(("/a", Post), url="/b").endswith("404, no route of the Application takes it")
    assert first(("/a", Post), url="/a", method="PUT").endswith(
        "405, Post implements no put; it answers GET"
    )
    assert first((r"/(.*)", Post), url="/%FF").endswith(r"400, b'\xff' is no UTF-8")
    assert first((r"/(.*)", RedirectHandler, {"url": "/n/{0}"}), url="/a").endswith("301 to /n/a")
    assert first(("/a", ErrorHandler, {"status_code": 410}), url="/a").endswith(
        "410, which ErrorHandler always answers"
    )
    assert first(("/c/(.*)", Chat), url="ws://a/c/x").endswith("101, WebSocket: Chat.open('x')")
    assert first(("/c", Chat), url="/c").endswith(
        'no header "Upgrade: websocket" (a ws:// URL adds it)'
    )
    assert first((PathMatches(r"/f/(.)"), function), url="/f/x").endswith(
        "function(request, path_args=[b'x'], path_kwargs={}), whatever the method"
    )
    assert first((PathMatches("/f"), function), url="/f").endswith(
        "function(request), whatever the method"
    )
    assert "FallbackHandler calls" in first(
        ("/f", FallbackHandler, {"fallback": function}), url="/f"
    )


def test_a_default_handler_of_ones_own_answers_because_no_route_does() -> None:
    assert first(url="/b", default_handler_class=Prepared).endswith(
        "no route takes it; by default Prepared.prepare()"
    )


def test_passwords_in_a_redirect_are_not_shown() -> None:
    answer = first(("/a", RedirectHandler, {"url": "https://me:secret@b.org/"}), url="/a")
    assert "secret" not in answer
    assert "301 to https://me:***@b.org/" in answer


def test_a_405_tells_of_a_later_route_that_has_the_method() -> None:
    class Other(RequestHandler):
        def put(self) -> None: ...

    text = said(Application([("/a", Post), ("/a", Other)]), url="/a", method="PUT")
    assert "shadowed by route 0, though it answers PUT: no method plays a part" in text


def test_what_is_undecided_comes_with_both_ends() -> None:
    text = said(Application([(Custom(), Post), ("/a", Post)]), url="/a").splitlines()
    assert text[0] == "GET /a -> undecided"
    assert text[1] == "  if the matcher Custom so decides, which is not run here: Post.get()"
    assert "    but      the arguments are its matcher's" in text
    assert "  else: Post.get()" in text


def test_a_404_within_shows_what_is_behind() -> None:
    inner = Application([("/in/there", Post)])
    text = said(Application([(PathMatches("/in/.*"), inner), ("/in/x", Post)]), url="/in/x")
    assert "404, no route of the Application under /in/.* takes it" in text
    assert "1  /in/x  Post  behind the 404 of the Application" in text


def test_several_applications_each_have_their_say() -> None:
    text = said(Application([("/a", Post)]), Application([]), url="/a").splitlines()
    assert text[0] == "Application 0:"
    assert text[1].endswith("Post.get()")
    assert "Application 1:" in text
    assert text[text.index("Application 1:") + 1].endswith("takes it")


def test_of_many_only_the_near_ones_are_shown() -> None:
    far = [(f"/{word}", Post) for word in "abcdefghijklmnopq"]
    text = said(Application([*far, ("/posts/", Post)]), url="/posts")
    assert "17  /posts/  Post  all but a slash at the end, which the path lacks" in text
    assert "  and 17 more, none of them near (--format json has all)" in text
    assert "/q" not in text
    none = said(Application(far), url="/posts")
    assert "Passed over: 17 routes, none of them near (--format json has all)" in none


def test_of_many_near_ones_it_is_told_how_many_are_left_out() -> None:
    near = [(f"/posts/(?:{number}|[a-z])", Post) for number in range(MOST + 5)]
    text = said(Application([*near, ("/x", Post)]), url="/posts/?")
    assert "and 6 more, 5 of them as near (--format json has all)" in text
    text = said(Application([*near, ("/y", Post), ("/posts/.*", Post)]), url="/posts/?")
    assert text.count("needs one more segment") + text.count("does not fit") <= MOST
    behind = said(Application([("/.*", Post), *near]), url="/posts/a")
    assert "and 5 more (--format json has all)" in behind


def test_a_narrow_terminal_folds_and_a_wide_one_aligns() -> None:
    rules = [("/somewhere/quite/long/([0-9]+)", Post), ("/a", Post)]
    text = said(Application(rules), url="/somewhere/quite/long/x", width=50)
    assert "  0  /somewhere/quite/long/([0-9]+)  Post\n" in text
    assert "     'x' does not fit; it takes, say,\n" in text
    wide = said(Application(rules), url="/somewhere/quite/long/x", width=120)
    assert "  1  /a                              Post  another path\n" in wide


def test_what_a_terminal_would_obey_is_escaped() -> None:
    text = said(Application([("/a\x1bm", Post)]), url="/b")
    assert "\x1b" not in text
    assert r"/a\x1bm" in text
