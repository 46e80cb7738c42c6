"""What leads a request to the server of the test, and what of it stays as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tornkit.testing.recording import SeenRequest
from tornkit.testing.transport import AsyncToServer, ToServer
from tornkit.testing.visitor import Visitor

ADDRESS = "127.0.0.1:8000"


class CountedTransport(httpx2.MockTransport):
    """In the place of connections: answers by itself."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response], **options: Any) -> None:
        super().__init__(answer)
        self.options = options
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


class Network:
    """Both kinds of transports, with what they send and what is answered."""

    def __init__(self, is_awaited: bool) -> None:
        self.is_awaited = is_awaited
        self.seen: list[httpx2.Request] = []
        self.answers: list[httpx2.Response] = []
        self.made: list[CountedTransport] = []
        self.visitor = Visitor(ADDRESS)

    def make(self, **options: Any) -> CountedTransport:
        self.made.append(CountedTransport(self.answer, **options))
        return self.made[-1]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        return self.answers.pop(0) if self.answers else httpx2.Response(200)

    def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """Send one request; the request that was seen is the last of ``seen``."""
        request = httpx2.Request(method, url, **options)
        if not self.is_awaited:
            plain = ToServer(self.visitor)
            response = plain.handle_request(request)
            plain.close()
            return response

        async def main() -> httpx2.Response:
            awaited = AsyncToServer(self.visitor)
            response = await awaited.handle_async_request(request)
            await awaited.aclose()
            return response

        return asyncio.run(main())


@pytest.fixture(params=[False, True], ids=["plain", "awaited"])
def network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network(request.param)
    for name in ("HTTPTransport", "AsyncHTTPTransport"):
        monkeypatch.setattr(httpx2, name, made.make)
    return made


class TestServerOfTransport:
    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("http://a.example.com/x?y=1", "a.example.com"),
            ("http://a.example.com:81/x?y=1", "a.example.com:81"),
            ("http://127.0.0.1:8000/x?y=1", ADDRESS),
        ],
    )
    def test_has_the_connection_of_any_host(self, network: Network, url: str, host: str) -> None:
        network.send("GET", url)
        (seen,) = network.seen
        assert str(seen.url) == f"http://{ADDRESS}/x?y=1"
        assert seen.headers["Host"] == host

    def test_has_all_of_the_request(self, network: Network) -> None:
        network.send(
            "PROPFIND",
            "http://a/",
            headers=[("X-One", "1"), ("X-One", "2")],
            content=b"body",
            extensions={"timeout": {"read": 3.0}},
        )
        (seen,) = network.seen
        assert (seen.method, seen.read()) == ("PROPFIND", b"body")
        assert seen.headers.get_list("X-One") == ["1", "2"]
        assert seen.extensions["timeout"] == {"read": 3.0}

    @pytest.mark.parametrize("url", ["https://a.example.com/x", "ftp://a.example.com/x"])
    def test_speaks_plain_http_alone(self, network: Network, url: str) -> None:
        network.visitor.record = set()
        with pytest.raises(httpx2.UnsupportedProtocol) as raised:
            network.send("GET", url)
        assert str(raised.value).startswith(f"{url} is not for the test's server")
        assert raised.value.request.url == url
        assert (network.seen, network.visitor.record) == ([], set()), "nothing left the machine"

    def test_its_answer_is_given(self, network: Network) -> None:
        network.answers.append(httpx2.Response(418, text="tea"))
        response = network.send("GET", "http://a/")
        assert (response.status_code, response.text) == (418, "tea")

    def test_no_variable_of_the_environment_leads_elsewhere(self, network: Network) -> None:
        network.send("GET", "http://a/")
        (made,) = network.made
        assert made.options["trust_env"] is False
        assert made.closed == 1

    def test_no_connection_of_one_loop_waits_for_another(self, network: Network) -> None:
        network.send("GET", "http://a/")
        limits = network.made[0].options.get("limits")
        if network.is_awaited:
            assert limits == httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        else:
            assert limits is None


def test_requests_are_noted_as_the_test_makes_them(network: Network) -> None:
    network.visitor.record = set()
    network.send("GET", "http://a.example.com:81/x?y=1")
    network.send("POST", "http://a.example.com")
    assert network.visitor.record == {
        SeenRequest("GET", "a.example.com:81", "/x?y=1"),
        SeenRequest("POST", "a.example.com", "/?"),
    }


class TestCookiesOfTransport:
    def test_none_are_sent_without_any(self, network: Network) -> None:
        network.send("GET", "http://a.example.com/")
        assert "Cookie" not in network.seen[0].headers

    def test_those_of_the_host_are_sent(self, network: Network) -> None:
        """The host that was asked, and not the address that is connected to."""
        network.visitor.set_cookie("one", "1", "a.example.com")
        network.visitor.set_cookie("other", "2")
        network.send("GET", "http://a.example.com/")
        assert network.seen[0].headers["Cookie"] == "one=1"
        network.send("GET", f"http://{ADDRESS}/")
        assert network.seen[1].headers["Cookie"] == "other=2"

    def test_those_of_one_request_go_first(self, network: Network) -> None:
        headers = {"Cookie": "own=1"}
        network.send("GET", "http://a.example.com/", headers=headers)
        network.visitor.set_cookie("kept", "2", "a.example.com")
        network.send("GET", "http://a.example.com/", headers=headers)
        sent = [each.headers.get_list("Cookie") for each in network.seen]
        assert sent == [["own=1"], ["own=1; kept=2"]]
        assert network.visitor.cookie_header("http://a.example.com/") == "kept=2"

    def test_those_of_an_answer_are_kept_for_its_host(self, network: Network) -> None:
        lines = [("Set-Cookie", "one=1; Path=/"), ("Set-Cookie", "two=2; Path=/deep")]
        network.answers.append(httpx2.Response(302, headers=lines))
        network.send("GET", "http://a.example.com/x")
        assert network.visitor.cookie_header("http://a.example.com/") == "one=1"
        assert network.visitor.cookie_header("http://a.example.com/deep/er") == "two=2; one=1"
        assert network.visitor.cookie_header(f"http://{ADDRESS}/") == ""

    def test_the_request_of_the_test_stays_without(self, network: Network) -> None:
        """A redirect makes the next request of it, maybe for another host."""
        network.visitor.set_cookie("one", "1", "a.example.com")
        request = httpx2.Request("GET", "http://a.example.com/")
        ToServer(network.visitor).handle_request(request)
        assert network.seen[0].headers["Cookie"] == "one=1"
        assert (str(request.url), request.headers.get("Cookie")) == ("http://a.example.com/", None)
