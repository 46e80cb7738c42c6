"""A request as it is typed, and as it is sent."""

from __future__ import annotations

import pytest

from tornkit.routing.matching.asked import Asked, asked


def test_a_path_is_a_request_of_localhost() -> None:
    assert asked("/posts/7") == Asked("GET", "/posts/7", "localhost")


def test_a_full_url_names_the_host() -> None:
    found = asked("http://Example.com:8888/posts/7")
    assert (found.path, found.host) == ("/posts/7", "Example.com:8888")
    assert found.routed.host_name == "example.com"


@pytest.mark.parametrize(
    ("url", "host", "host_name"),
    [
        ("http://[::1]/", "[::1]", "[::1]"),
        ("http://[::1]:8888/", "[::1]:8888", "[::1]"),
        ("http://10.0.0.1:80/", "10.0.0.1:80", "10.0.0.1"),
        ("http://a.com:/", "a.com", "a.com"),
        ("http://BÜCHER.de/", "xn--bcher-kva.de", "xn--bcher-kva.de"),
    ],
)
def test_hosts_and_ports(url: str, host: str, host_name: str) -> None:
    found = asked(url)
    assert (found.host, found.routed.host_name) == (host, host_name)


@pytest.mark.parametrize("url", ["http://a.com", "http://a.com?x", "http://a.com#x"])
def test_a_url_without_a_path_asks_for_the_root(url: str) -> None:
    assert asked(url).path == "/"


def test_query_and_fragment_are_no_part_of_the_path() -> None:
    found = asked("/a?b=é/c#d?e")
    assert (found.path, found.query) == ("/a", "b=%C3%A9/c")
    assert found.notes == ("the query plays no part in routing", "the fragment is not sent")


def test_a_question_mark_in_the_fragment_begins_no_query() -> None:
    assert asked("/a#b?c").query == ""


def test_what_a_client_percent_encodes_is_told() -> None:
    found = asked("/café/x y%20z")
    assert found.path == "/caf%C3%A9/x%20y%20z"
    assert found.notes == (f"a client sends the path percent-encoded: {found.path}",)


@pytest.mark.parametrize(
    ("path", "browser"),
    [
        ("/a/../b", "/b"),
        ("/a/./b", "/a/b"),
        ("/a/..", "/"),
        ("/a/.", "/a/"),
        ("/../../a", "/a"),
        ("/a/%2E%2e/b", "/b"),
        ("/a/b/../../c", "/c"),
        ("/a/.%2e/", "/"),
    ],
)
def test_dot_segments_are_kept_and_what_a_browser_makes_of_them_is_told(
    path: str, browser: str
) -> None:
    found = asked(path)
    assert found.path == path
    assert found.notes == (f"taken as it is; a browser would ask for {browser} instead",)


def test_a_browser_turns_a_backslash() -> None:
    assert asked(r"/a\b").notes[-1].endswith("would ask for /a/b instead")
    assert asked(r"http://a.com\b").host == "a.com"


def test_blanks_around_a_url_are_not_sent() -> None:
    assert asked("  /a ").path == "/a"


def test_an_asterisk_is_what_options_asks_of_a_whole_server() -> None:
    assert asked("*", "options") == Asked("OPTIONS", "*", "localhost")


def test_who_logs_in_is_not_part_of_the_host_and_not_repeated() -> None:
    found = asked("http://me:secret@a.com/x")
    assert found.host == "a.com"
    assert "secret" not in repr(found)


def test_the_host_header_wins_over_the_url() -> None:
    found = asked("http://a.com/", headers=["host: b.com:81"])
    assert found.host == "b.com:81"
    assert found.headers == ()
    assert found.notes == ("the Host is the header's, b.com:81, not the URL's",)


def test_a_host_header_for_a_bare_path_needs_no_note() -> None:
    assert asked("/", headers=["Host: b.com"]) == Asked("GET", "/", "b.com")


def test_an_empty_host_is_a_host() -> None:
    assert asked("/", headers=["Host:"]).routed.host_name == ""


@pytest.mark.parametrize("header", ["X-Real-Ip: 10.0.0.1", "x-real-ip:", "X-REAL-IP: "])
def test_x_real_ip_counts_whatever_its_value(header: str) -> None:
    assert asked("/", headers=[header]).routed.behind_proxy


def test_headers_of_other_names_do_not() -> None:
    assert not asked("/", headers=["X-Forwarded-For: 10.0.0.1"]).routed.behind_proxy


def test_equal_headers_are_joined_as_tornado_joins_them() -> None:
    found = asked("/", headers=["Connection: keep-alive", "connection:Upgrade"])
    assert found.header("CONNECTION") == "keep-alive,Upgrade"
    assert found.header("Upgrade") is None


def test_methods_are_sent_in_upper_case() -> None:
    assert asked("/", "delete").method == "DELETE"


@pytest.mark.parametrize("scheme", ["ws", "wss", "WS"])
def test_a_websocket_url_shakes_hands(scheme: str) -> None:
    found = asked(f"{scheme}://a.com/chat", headers=["Sec-WebSocket-Key: mine"])
    assert found.header("Upgrade") == "websocket"
    assert found.header("Connection") == "Upgrade"
    assert found.header("Sec-WebSocket-Version") == "13"
    assert found.header("Sec-WebSocket-Key") == "mine"
    assert "handshake" in found.notes[0]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "the URL is empty"),
        ("  ", "the URL is empty"),
        ("posts/7", "write /posts/7 or http://posts/7"),
        ("localhost:8888/x", "http://localhost:8888/x"),
        ("ftp://a.com/", "http, https, ws or wss, not ftp"),
        ("http://", "names no host"),
        ("http:///x", "names no host"),
        ("http://:80/x", "':80' is no host and port"),
        ("http://a.com:http/", "no host and port"),
        ("http://a.com:99999/", "no port 99999"),
        ("http://[::1/", "no host and port"),
        ("http://a b/", "Tornado answers 400"),
        ("http://a,b/", "Tornado answers 400"),
        ("http://ü..de/", "no host name"),
        ("/a\nb", "control character"),
        ("/a\x7f", "control character"),
        ("/\udcff", "not UTF-8"),
    ],
)
def test_urls_that_nobody_sends(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as raised:
        asked(url)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        (["foo"], "'foo' is not of the form 'Name: value'"),
        ([": x"], "not of the form"),
        (["a b: x"], "not of the form"),
        (["a : x"], "not of the form"),
        (["a\n: x"], "not of the form"),
        (["a: x\r\nb: y"], "the value of the header a has a character"),
        (["a: \u4e2d"], "the value of the header a has a character"),
        (["Host: a b"], "Tornado answers 400"),
        (["Host: a,b"], "Tornado answers 400"),
        (["Host: a", "Host: b"], "more than one Host"),
    ],
)
def test_headers_that_nobody_sends(headers: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as raised:
        asked("/", headers=headers)
    assert says in str(raised.value)


@pytest.mark.parametrize("method", ["", "GET /", "GÉT", "a\nb", "a:b"])
def test_methods_that_are_none(method: str) -> None:
    with pytest.raises(ValueError, match="is no HTTP method"):
        asked("/", method)


def test_a_handshake_is_a_get() -> None:
    assert asked("ws://a.com/", "get").method == "GET"
    with pytest.raises(ValueError, match="a GET, not a POST"):
        asked("ws://a.com/", "post")
