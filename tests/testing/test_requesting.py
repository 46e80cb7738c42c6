"""What a test's words make of a request, before it is sent."""

from __future__ import annotations

from typing import Any, Unpack

import httpx2
import pytest
from tornado.web import Application, RequestHandler, url

from tests.testing.applications import SECRET
from tornkit.testing.requesting import TIMEOUT, Requesting, RequestOptions, httpx_arguments
from tornkit.testing.visitor import Visitor

ADDRESS = "127.0.0.1:8000"


@pytest.fixture
def client() -> Requesting:
    application = Application(
        [url("/items/(.*)", RequestHandler, name="item")], cookie_secret=SECRET
    )
    return Requesting(Visitor(ADDRESS, lambda: application))


def prepared(
    client: Requesting, method: str = "GET", target: str = "/x", **options: Unpack[RequestOptions]
) -> tuple[str, httpx2.Headers, dict[str, Any]]:
    """The URL, the headers, and what else httpx2 is given."""
    address, arguments = client.prepared(method, target, options)
    return address, arguments.pop("headers"), arguments


class TestUrlOfRequest:
    @pytest.mark.parametrize(
        ("options", "host"),
        [
            ({}, ADDRESS),
            ({"host": "a.example.com"}, "a.example.com"),
            ({"host": None}, ADDRESS),
            ({"headers": {"host": "b.example.com"}}, "b.example.com"),
            ({"headers": [("Host", "b.example.com")]}, "b.example.com"),
            ({"host": "a.example.com", "headers": {"Host": "b.example.com"}}, "a.example.com"),
        ],
    )
    def test_has_the_host_that_is_asked(
        self, client: Requesting, options: RequestOptions, host: str
    ) -> None:
        """The header follows from it: to set both would be to set two."""
        address, headers, given = prepared(client, **options)
        assert address == f"http://{host}/x"
        assert "Host" not in headers
        assert "host" not in given

    def test_has_the_host_of_the_clients_headers(self, client: Requesting) -> None:
        client.headers["Host"] = "c.example.com"
        assert prepared(client)[0] == "http://c.example.com/x"
        assert prepared(client, headers={"Host": "d.example.com"})[0] == "http://d.example.com/x"
        assert prepared(client)[0] == "http://c.example.com/x"

    def test_of_the_server(self, client: Requesting) -> None:
        assert client.url == f"http://{ADDRESS}"
        assert repr(client) == f"<Requesting of http://{ADDRESS}>"


class TestHeaders:
    def test_are_the_clients_and_the_requests(self, client: Requesting) -> None:
        client.headers["X-One"] = "client"
        client.headers["X-Two"] = "client"
        _, headers, _ = prepared(client, headers={"x-two": "request", "X-Three": "request"})
        assert dict(headers) == {"x-one": "client", "x-two": "request", "x-three": "request"}
        assert dict(client.headers) == {"x-one": "client", "x-two": "client"}

    @pytest.mark.parametrize("options", [{}, {"headers": None}, {"cookies": None}, {"cookies": {}}])
    def test_are_none_without_any(self, client: Requesting, options: RequestOptions) -> None:
        _, headers, given = prepared(client, **options)
        assert dict(headers) == {}
        assert "cookies" not in given

    def test_have_the_cookies_of_this_request(self, client: Requesting) -> None:
        _, headers, given = prepared(client, cookies={"a": "1", "b": "2"})
        assert headers["Cookie"] == "a=1; b=2"
        assert "cookies" not in given, "httpx2 would keep them"


class TestXsrfOfRequest:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_an_unsafe_request_brings_a_token(self, client: Requesting, method: str) -> None:
        _, headers, given = prepared(client, method)
        assert headers["X-XSRFToken"] == client.cookies["_xsrf"]
        assert "xsrf" not in given

    @pytest.mark.parametrize(
        ("method", "options"),
        [
            ("GET", {}),
            ("GET", {"xsrf": True}),
            ("POST", {"xsrf": False}),
            ("POST", {"data": {"_xsrf": "own"}}),
            ("POST", {"headers": {"X-CSRFToken": "own"}}),
        ],
    )
    def test_others_bring_none(
        self, client: Requesting, method: str, options: RequestOptions
    ) -> None:
        _, headers, given = prepared(client, method, **options)
        assert "X-XSRFToken" not in headers
        assert "xsrf" not in given
        assert dict(client.cookies) == {}

    def test_a_token_of_the_clients_headers_is_its_own(self, client: Requesting) -> None:
        client.headers["X-XSRFToken"] = "own"
        assert prepared(client, "POST")[1]["X-XSRFToken"] == "own"

    def test_the_client_may_say_that_none_is_brought(self, client: Requesting) -> None:
        client.xsrf = False
        assert "X-XSRFToken" not in prepared(client, "POST")[1]
        assert "X-XSRFToken" in prepared(client, "POST", xsrf=True)[1]

    def test_a_token_is_that_of_the_host(self, client: Requesting) -> None:
        token = prepared(client, "POST")[1]["X-XSRFToken"]
        assert prepared(client, "POST")[1]["X-XSRFToken"] == token
        assert prepared(client, "POST", host="a.example.com")[1]["X-XSRFToken"] != token


class TestOptionsOfRequest:
    def test_have_defaults(self, client: Requesting) -> None:
        assert prepared(client)[2] == {"follow_redirects": False, "timeout": TIMEOUT}

    def test_have_the_clients_defaults(self, client: Requesting) -> None:
        client.follow_redirects, client.timeout = True, None
        assert prepared(client)[2] == {"follow_redirects": True, "timeout": None}

    def test_of_a_request_count_before_them(self, client: Requesting) -> None:
        client.follow_redirects = True
        options: RequestOptions = {"follow_redirects": False, "timeout": None}
        assert prepared(client, **options)[2] == options

    def test_of_httpx2_are_passed_on(self, client: Requesting) -> None:
        options: RequestOptions = {
            "params": {"a": 1},
            "content": b"x",
            "data": {"b": 2},
            "files": {"c": b""},
            "json": [],
            "auth": ("d", "e"),
        }
        assert prepared(client, "POST", **options)[2].items() >= options.items()

    def test_are_left_as_they_are(self, client: Requesting) -> None:
        options: RequestOptions = {
            "host": "a",
            "xsrf": True,
            "cookies": {"a": "1"},
            "headers": None,
        }
        before = dict(options)
        client.prepared("POST", "/", options)
        assert options == before


class TestVisitorOfTheClient:
    def test_cookies_that_a_test_sets_count(self, client: Requesting) -> None:
        client.cookies.set("a", "1")
        client.cookies.set("b", "2")
        client.cookies.delete("b")
        assert dict(client.cookies) == {"a": "1"}

    def test_signs_in(self, client: Requesting) -> None:
        client.sign_in("me")
        client.sign_in("me", "session", host="a.example.com")
        assert {(each.name, each.domain) for each in client.cookies.jar} == {
            ("user", "127.0.0.1"),
            ("session", "a.example.com"),
        }

    def test_knows_the_application(self, client: Requesting) -> None:
        assert isinstance(client.application, Application)
        assert client.reverse_url("item", 3) == "/items/3"


def test_cookies_are_not_kept_twice() -> None:
    """The transport keeps them, by the host that was asked."""
    arguments = httpx_arguments()
    lines = [("Set-Cookie", "a=1; Path=/")]
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=lines))
    with httpx2.Client(transport=transport, **arguments) as http:
        http.get("http://a.example.com/")
        assert dict(http.cookies) == {}
        assert http.trust_env is False
    assert httpx_arguments()["cookies"] is not arguments["cookies"]
