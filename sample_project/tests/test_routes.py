"""The hosts, the route table, and the routing targets that are not request handlers."""

from __future__ import annotations

import hashlib
import inspect
import os
import socket
from collections.abc import Iterator

import pytest
from tornado.routing import Rule, URLSpec
from tornado.web import RequestHandler

from sample_project import routes
from sample_project.settings import Settings

from .support import BoardTest, Browser

NAMED = [
    ("home", (), "/"),
    ("about", (), "/about"),
    ("topic", ("help",), "/topics/help/"),
    ("feed", ("help",), "/topics/help/feed.atom"),
    ("live", ("help",), "/topics/help/live"),
    ("poll", ("help",), "/topics/help/poll"),
    ("socket", ("help",), "/topics/help/socket"),
    ("message", (7,), "/messages/7"),
    ("sign-in", (), "/sign-in"),
    ("sign-out", (), "/sign-out"),
    ("upload", (), "/upload"),
    ("upload-file", ("a.txt",), "/upload/a.txt"),
    ("file", ("0123456789abcdef-a.txt",), "/files/0123456789abcdef-a.txt"),
    ("status", (), "/status"),
    ("api-topics", (), "/v1/topics"),
    ("api-messages", (), "/v1/messages"),
    ("api-message", (7,), "/v1/messages/7"),
    ("admin", (), "/"),
    ("admin-delete", (7,), "/messages/7/delete"),
]


def tables() -> list[list[Rule]]:
    return [routes.site(Settings()), routes.api_host(), routes.admin_host()]


def specs() -> Iterator[URLSpec]:
    for table in tables():
        yield from (rule for rule in table if isinstance(rule, URLSpec))


def test_every_name_is_used_once_and_tested() -> None:
    names = [spec.name for spec in specs() if spec.name]
    assert sorted(names) == sorted(name for name, _, _ in NAMED)


@pytest.mark.parametrize(("name", "args", "path"), NAMED)
def test_a_named_route_reverses_to_what_it_answers_first(
    name: str, args: tuple[object, ...], path: str
) -> None:
    (table,) = (table for table in tables() if name in [rule.name for rule in table])
    (rule,) = (rule for rule in table if rule.name == name)
    assert rule.reverse(*args) == path
    first = next(spec for spec in table if isinstance(spec, URLSpec) and spec.regex.match(path))
    assert first is rule


@pytest.mark.parametrize("spec", list(specs()), ids=lambda spec: spec.regex.pattern)
def test_methods_take_the_groups_of_their_routes(spec: URLSpec) -> None:
    handler = spec.handler_class
    groups = dict.fromkeys(spec.regex.groupindex, "")
    args = [""] * (spec.regex.groups - len(groups))
    names = ["open"] if hasattr(handler, "open") else [m.lower() for m in handler.SUPPORTED_METHODS]
    own = [name for name in names if getattr(handler, name) is not getattr(RequestHandler, name, 0)]
    for name in own:
        inspect.signature(getattr(handler, name)).bind(None, *args, **groups)


class Hosts(BoardTest):
    def at(self, host: str, path: str, **headers: str) -> tuple[int, bytes]:
        response = self.fetch(path, headers={"Host": host, **headers}, follow_redirects=False)
        return response.code, response.body

    def test_the_site_answers_under_any_name(self) -> None:
        for host in ("localhost", "127.0.0.1", "board.example:80", "apixlocalhost"):
            code, body = self.at(host, "/")
            assert (code, b"What is going on?" in body) == (200, True)

    def test_the_administrators_host_has_a_home_of_its_own(self) -> None:
        assert self.at("admin.localhost", "/")[0] == 302
        assert self.at("ADMIN.localhost:8888", "/")[0] == 302
        assert self.at("adminxlocalhost", "/")[0] == 200
        assert self.at("admin.localhost.example", "/")[0] == 200

    def test_the_rest_comes_from_the_site(self) -> None:
        assert self.at("admin.localhost", "/sign-in")[0] == 200
        assert self.at("admin.localhost", "/static/style.css")[0] == 200

    def test_the_api_is_the_default_host(self) -> None:
        assert self.at("api.localhost", "/v1/topics")[0] == 200
        assert self.at("127.0.0.1", "/v1/topics")[0] == 200
        # ... but not behind a proxy, which knows the right host names.
        assert self.at("127.0.0.1", "/v1/topics", **{"X-Real-Ip": "10.0.0.1"})[0] == 404

    def test_the_administrators_paths_are_on_no_other_host(self) -> None:
        for host in ("localhost", "api.localhost", "127.0.0.1"):
            assert self.at(host, "/messages/1/delete")[0] == 404


class Admin(BoardTest):
    def test_administration(self) -> None:
        number = self.post_message(body="Rude <words>")
        browser = Browser(self, "admin.localhost")
        response = browser.request("/")
        assert response.headers["Location"] == "/sign-in?next=%2F"
        assert browser.sign_in("admin", "development", next="/").headers["Location"] == "/"
        page = browser.text("/")
        assert "Rude &lt;words&gt;" in page
        assert f"worker process {os.getpid()}" in page
        assert "<code>303</code>" in page  # counted by on_finish
        assert browser.request(f"/messages/{number}/delete", "POST", "").code == 403
        assert browser.form("/", f"/messages/{number}/delete").code == 303
        assert f"Message {number} has been deleted." in browser.text("/")
        assert self.fetch(f"/messages/{number}").code == 404
        assert browser.form("/", f"/messages/{number}/delete").code == 404

    def test_others_are_kept_out(self) -> None:
        number = self.post_message()
        browser = Browser(self, "admin.localhost")
        assert browser.form("/sign-in", f"/messages/{number}/delete").code == 403
        browser.sign_in("ada")
        assert browser.request("/").code == 403
        assert browser.form("/sign-in", f"/messages/{number}/delete").code == 403
        assert self.fetch(f"/messages/{number}").code == 200


class PlainTargets(BoardTest):
    def test_a_callable(self) -> None:
        response = self.fetch("/-/health")
        assert (response.code, response.body) == (200, b"ok\n")
        response = self.fetch("/-/health", method="HEAD")
        assert (response.headers["Content-Length"], response.body) == ("3", b"")
        response = self.fetch("/-/health", method="POST", body="x")
        assert (response.code, response.headers["Allow"]) == (405, "GET, HEAD")

    def test_a_message_delegate(self) -> None:
        body = b"x" * 200_000  # arrives in several pieces
        response = self.fetch("/-/checksum", method="POST", body=body)
        assert response.body.decode().strip() == hashlib.sha256(body).hexdigest()
        response = self.fetch("/-/checksum")
        assert (response.code, response.headers["Allow"]) == (405, "POST")

    def test_a_router(self) -> None:
        browser = Browser(self)
        for query, location in (("topic=help", "/topics/help/"), ("message=12", "/messages/12")):
            response = browser.request(f"/old/view.php?{query}")
            assert (response.code, response.headers["Location"]) == (301, location)
            assert browser.request(f"/old/view.php?{query}", "HEAD").code == 301
        for query in ("", "?topic=x", "?message=//x", "?message=%ff", "?message=²"):
            assert browser.request(f"/old/view.php{query}").code == 404
        assert browser.request("/old/view.php?topic=help", "POST", "").code == 404
        assert browser.request("/old/other.php?topic=help").code == 404

    def test_what_the_nested_router_does_not_know(self) -> None:
        assert self.fetch("/-/nothing").code == 404


class StaticFiles(BoardTest):
    def test_content_types(self) -> None:
        for path, content_type in (
            ("/static/style.css", "text/css; charset=utf-8"),
            ("/static/live.js", "text/javascript; charset=utf-8"),
            ("/robots.txt", "text/plain; charset=utf-8"),
            ("/favicon.ico", "image/x-icon"),
        ):
            response = self.fetch(path)
            assert (response.code, response.headers["Content-Type"]) == (200, content_type)
        assert self.fetch("/static/nothing.css").code == 404
        assert self.fetch("/static/../app.py").code in (403, 404)

    def test_addresses_with_and_without_version(self) -> None:
        page = self.fetch("/").body.decode()
        versioned = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
        assert versioned.startswith("/static/style.css?v=")
        assert 'href="/static/favicon.ico"' in page
        assert "max-age" in self.fetch(versioned).headers["Cache-Control"]
        assert "Cache-Control" not in self.fetch("/static/favicon.ico").headers


class Status(BoardTest):
    def test_everything_is_fine(self) -> None:
        response = self.fetch("/status")
        assert response.code == 200
        assert response.body.count(b">fine<") == 2


class StatusOfAServerThatIsNotThere(BoardTest):
    def configured_port(self) -> int:
        # Bound, so that nobody else gets the port, but not listening.
        unused = socket.socket()
        self.addCleanup(unused.close)
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])

    def test_the_page_says_so(self) -> None:
        response = self.fetch("/status")
        assert response.code == 503
        assert response.body.count(b">failing<") == 2
