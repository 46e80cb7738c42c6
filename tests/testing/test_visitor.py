from __future__ import annotations

import re
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine, parse_cookie
from tornado.web import Application, RequestHandler, decode_signed_value, url

from tests.testing.applications import SECRET
from tornkit.testing.visitor import Visitor

ADDRESS = "127.0.0.1:8000"
HERE = f"http://{ADDRESS}/"


class FakeConnection:
    context = None

    def set_close_callback(self, callback: object) -> None:
        return


def handler(application: Application, method: str, headers: dict[str, str]) -> RequestHandler:
    """Handler of a request that was never sent."""
    connection: Any = FakeConnection()
    request = HTTPServerRequest(
        start_line=RequestStartLine(method, "/", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "here", **headers}),
        connection=connection,
    )
    return RequestHandler(application, request)


def visitor(**settings: Any) -> Visitor:
    application = Application([], **settings)
    return Visitor(ADDRESS, lambda: application)


def cookies(visitor: Visitor, url: str = HERE) -> dict[str, str]:
    return parse_cookie(visitor.cookie_header(url))


class TestUrl:
    @pytest.mark.parametrize(
        ("target", "host", "expected"),
        [
            ("/a?b=c", None, f"{HERE}a?b=c"),
            ("a", None, f"{HERE}a"),
            ("", None, HERE),
            ("?page=2", None, f"{HERE}?page=2"),
            ("//twice", None, f"{HERE}/twice"),
            ("/to?next=http://example.com/", None, f"{HERE}to?next=http://example.com/"),
            ("/", "admin.example.com", "http://admin.example.com/"),
            ("/", "admin.example.com:81", "http://admin.example.com:81/"),
            ("http://example.com/a", None, "http://example.com/a"),
            ("http://example.com/a", "other.example.com", "http://example.com/a"),
        ],
    )
    def test_paths_and_urls(self, target: str, host: str | None, expected: str) -> None:
        assert Visitor(ADDRESS).url(target, host) == expected


class TestCookies:
    def test_go_to_the_host_that_has_set_them(self) -> None:
        some = Visitor(ADDRESS)
        some.keep_cookies("http://a.example.com/x", ["one=1; Path=/"])
        some.keep_cookies("http://a.example.com/x", ["all=2; Path=/; Domain=example.com"])
        assert cookies(some, "http://a.example.com/") == {"one": "1", "all": "2"}
        assert cookies(some, "http://b.example.com/") == {"all": "2"}
        assert cookies(some) == {}

    def test_secure_ones_go_to_the_test_server(self) -> None:
        some = Visitor(ADDRESS)
        some.keep_cookies(HERE, ["a=1; Path=/; Secure; HttpOnly; SameSite=Lax"])
        assert cookies(some) == {"a": "1"}

    def test_paths_and_ages_count(self) -> None:
        some = Visitor(ADDRESS)
        some.keep_cookies(HERE, ["a=1; Path=/deep", "b=2; Max-Age=100", "c=3"])
        assert cookies(some) == {"b": "2", "c": "3"}
        assert cookies(some, f"{HERE}deep/er") == {"a": "1", "b": "2", "c": "3"}
        some.keep_cookies(HERE, ["b=; Max-Age=0"])
        assert cookies(some) == {"c": "3"}

    def test_one_set_by_the_test_can_be_taken_back_by_the_application(self) -> None:
        some = Visitor(ADDRESS)
        some.set_cookie("a", "1")
        assert cookies(some) == {"a": "1"}
        some.keep_cookies(HERE, ["a=2; Path=/"])
        assert cookies(some) == {"a": "2"}
        some.keep_cookies(HERE, ["a=; Path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT"])
        assert cookies(some) == {}

    def test_a_host_without_dots_has_cookies_too(self) -> None:
        some = Visitor("localhost:8000")
        some.set_cookie("a", "1")
        some.keep_cookies("http://localhost:8000/", ["b=2"])
        assert cookies(some, "http://localhost:8000/") == {"a": "1", "b": "2"}

    def test_another_visitor_has_none(self) -> None:
        some = visitor(cookie_secret=SECRET)
        some.sign_in("me")
        other = some.new()
        assert cookies(other) == {}
        other.sign_in("you")
        assert cookies(some) != cookies(other)


class TestSignIn:
    @pytest.mark.parametrize("value", ["someone", b"bytes", "with=and;", "ü"])
    def test_handlers_read_the_value(self, value: str | bytes) -> None:
        some = visitor(cookie_secret=SECRET)
        some.sign_in(value)
        read = decode_signed_value(SECRET, "user", cookies(some)["user"])
        assert read == (value.encode() if isinstance(value, str) else value)

    def test_the_cookie_has_a_name_and_a_host(self) -> None:
        some = visitor(cookie_secret=SECRET)
        some.sign_in("me", "session", host="admin.example.com")
        assert cookies(some) == {}
        sent = cookies(some, "http://admin.example.com/")["session"]
        assert decode_signed_value(SECRET, "session", sent) == b"me"

    def test_the_key_that_signs_is_the_applications(self) -> None:
        keys = {1: "an old secret of the application's", 2: "its new secret, in use since"}
        some = visitor(cookie_secret=keys, key_version=2)
        some.sign_in("me")
        sent = cookies(some)["user"]
        assert decode_signed_value(keys, "user", sent) == b"me"
        assert decode_signed_value({2: keys[2]}, "user", sent) == b"me"
        with pytest.raises(ValueError, match="key_version"):
            visitor(cookie_secret=keys).sign_in("me")

    def test_what_can_not_be_signed_is_told(self) -> None:
        with pytest.raises(ValueError, match="cookie_secret"):
            visitor().sign_in("me")
        with pytest.raises(TypeError, match="not dict"):
            visitor(cookie_secret=SECRET).sign_in({"id": 1})  # type: ignore[arg-type]


def is_accepted(application: Application, headers: dict[str, str], cookie: str) -> bool:
    """Whether Tornado's own check takes a POST with these headers."""
    asked = handler(application, "POST", {**headers, "Cookie": cookie})
    try:
        asked.check_xsrf_cookie()
    except Exception:  # noqa: BLE001 - whichever it is, the request is refused
        return False
    return True


class TestXsrf:
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"xsrf_cookie_version": 1},
            {"xsrf_cookie_version": 2},
            {"xsrf_cookie_name": "my_xsrf"},
            {"xsrf_cookie_kwargs": {"secure": True, "httponly": True, "domain": "example.com"}},
        ],
    )
    def test_tornado_takes_the_token(self, settings: dict[str, Any]) -> None:
        some = visitor(xsrf_cookies=True, **settings)
        headers = some.xsrf_headers("POST", HERE, {}, None)
        application = some.application
        assert isinstance(application, Application)
        assert is_accepted(application, headers, some.cookie_header(HERE))
        assert not is_accepted(application, headers, "")
        assert not is_accepted(application, {}, some.cookie_header(HERE))
        assert list(cookies(some)) == [settings.get("xsrf_cookie_name", "_xsrf")]

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_token_of_the_applications_is_used(self, version: int) -> None:
        some = visitor(xsrf_cookies=True, xsrf_cookie_version=version)
        application = some.application
        assert isinstance(application, Application)
        token = handler(application, "GET", {}).xsrf_token.decode()
        some.keep_cookies(HERE, [f"_xsrf={token}; Path=/"])
        headers = some.xsrf_headers("POST", HERE, {}, None)
        assert headers == {"X-XSRFToken": token}
        assert is_accepted(application, headers, some.cookie_header(HERE))

    def test_the_form_of_the_version_is_tornados(self) -> None:
        assert re.fullmatch(r"[0-9a-f]{32}", visitor(xsrf_cookie_version=1).xsrf_token(HERE))
        assert re.fullmatch(r"2\|0{8}\|[0-9a-f]{32}\|\d+", visitor().xsrf_token(HERE))

    def test_each_host_has_its_own(self) -> None:
        some = visitor()
        first = some.xsrf_token("http://a.example.com/")
        assert some.xsrf_token("http://a.example.com/other") == first
        assert some.xsrf_token("http://b.example.com/") != first

    @pytest.mark.parametrize(
        ("method", "headers", "data"),
        [
            ("GET", {}, None),
            ("HEAD", {}, None),
            ("options", {}, None),
            ("POST", {"x-xsrftoken": "mine"}, None),
            ("POST", {"X-CSRFToken": "mine"}, None),
            ("POST", {}, {"_xsrf": "mine"}),
        ],
    )
    def test_none_where_none_is_wanted(
        self, method: str, headers: dict[str, str], data: object
    ) -> None:
        some = visitor()
        assert some.xsrf_headers(method, HERE, headers, data) == {}
        assert cookies(some) == {}


def test_reverse_url() -> None:
    application = Application([url("/items/([0-9]+)", RequestHandler, name="item")])
    some = Visitor(ADDRESS, lambda: application)
    assert some.reverse_url("item", 3) == "/items/3"
    with pytest.raises(KeyError):
        some.reverse_url("nowhere")
    with pytest.raises(TypeError, match="named routes"):
        Visitor(ADDRESS, object).reverse_url("home")
