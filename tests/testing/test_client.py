"""The client against a real server: as a browser, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tornkit.testing.client import Client


def mirrored(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    seen: dict[str, Any] = response.json()
    return seen


def test_the_engine_is_tornkits(client: Client) -> None:
    for _ in range(2):
        assert mirrored(client.get("/mirror"))["engine"] == "tornkit.engine.exchange"


class TestMethods:
    @pytest.mark.parametrize("name", ["get", "options", "post", "put", "patch", "delete"])
    def test_each_has_its_name(self, client: Client, name: str) -> None:
        method: Callable[..., httpx2.Response] = getattr(client, name)
        seen = mirrored(method("/mirror?a=b"))
        assert (seen["method"], seen["uri"]) == (name.upper(), "/mirror?a=b")

    def test_head(self, client: Client) -> None:
        assert client.head("/mirror").headers["X-Method"] == "HEAD"

    def test_any_other(self, client: Client) -> None:
        assert client.request("PROPFIND", "/mirror").status_code == 405


class TestBodies:
    def test_a_form(self, client: Client) -> None:
        seen = mirrored(client.post("/mirror", data={"title": "ä", "tag": ["a", "b"]}))
        assert seen["arguments"] == {"title": ["ä"], "tag": ["a", "b"]}

    def test_json(self, client: Client) -> None:
        seen = mirrored(client.post("/mirror", json={"a": [1]}))
        assert seen["body"] == '{"a":[1]}'
        assert seen["headers"]["Content-Type"] == "application/json"

    def test_files(self, client: Client) -> None:
        files = {"picture": ("a.txt", b"content", "text/plain")}
        seen = mirrored(client.post("/mirror", files=files, data={"title": "x"}))
        assert seen["files"] == {"picture": [["a.txt", "content"]]}
        assert seen["arguments"] == {"title": ["x"]}

    def test_a_body_that_is_made_as_it_goes(self, client: Client) -> None:
        pieces = (b"x" * 100_000 for _ in range(20))
        assert client.put("/upload", content=pieces).text == "2000000"

    def test_query_and_headers(self, client: Client) -> None:
        seen = mirrored(client.get("/mirror", params={"page": 2}, headers={"X-One": "1"}))
        assert (seen["uri"], seen["headers"]["X-One"]) == ("/mirror?page=2", "1")


def test_streams_are_read_as_they_come(client: Client) -> None:
    with client.stream("GET", "/ticks") as response:
        lines = response.iter_lines()
        assert next(lines) == "1"
        assert client.post("/go-on").status_code == 200
        assert next(lines) == "2"


class TestRedirects:
    def test_are_the_answer(self, client: Client) -> None:
        response = client.post("/form", data={"name": "bob"})
        assert (response.status_code, response.headers["Location"]) == (302, "/")

    def test_are_followed_where_a_request_says_so(self, client: Client) -> None:
        response = client.post("/form", data={"name": "bob"}, follow_redirects=True)
        assert response.text == "hello bob"
        assert [each.status_code for each in response.history] == [302]

    def test_are_followed_where_the_client_says_so(self, client: Client) -> None:
        client.follow_redirects = True
        assert client.post("/form", data={"name": "bob"}).text == "hello bob"
        assert client.get("/elsewhere?to=/", follow_redirects=False).status_code == 302

    def test_stay_on_the_test_server_whatever_their_host(self, client: Client) -> None:
        response = client.get("/elsewhere?to=http://example.com/mirror", follow_redirects=True)
        assert mirrored(response)["host"] == "example.com"

    def test_to_https_say_why_they_can_not_be_followed(self, client: Client) -> None:
        with pytest.raises(httpx2.UnsupportedProtocol, match="leave out follow_redirects"):
            client.get("/elsewhere?to=https://example.com/", follow_redirects=True)


class TestCookies:
    def test_are_kept(self, client: Client) -> None:
        client.get("/cookies", params={"line": ["a=1; Path=/", "b=2; Path=/; Secure"]})
        assert mirrored(client.get("/mirror"))["cookies"] == {"a": "1", "b": "2"}
        assert client.cookies.get("a") == "1"

    def test_of_a_redirect_are_kept_and_sent(self, client: Client) -> None:
        assert client.post("/form", data={"name": "me"}, follow_redirects=True).text == "hello me"
        assert client.post("/sign-out", follow_redirects=True).text == "hello stranger"

    def test_are_set_and_removed_by_the_test(self, client: Client) -> None:
        client.cookies.set("a", "1")
        client.cookies.set("b", "2")
        client.cookies.delete("b")
        assert mirrored(client.get("/mirror"))["cookies"] == {"a": "1"}
        client.get("/cookies", params={"line": "a=; Max-Age=0; Path=/"})
        assert mirrored(client.get("/mirror"))["cookies"] == {}

    def test_of_one_request_are_of_that_alone(self, client: Client) -> None:
        client.cookies.set("kept", "1")
        seen = mirrored(client.get("/mirror", cookies={"once": "2"}))
        assert seen["cookies"] == {"kept": "1", "once": "2"}
        assert mirrored(client.get("/mirror"))["cookies"] == {"kept": "1"}

    def test_another_client_has_its_own(self, client: Client) -> None:
        other = client.new()
        client.sign_in("alice")
        other.sign_in("bob")
        assert (client.get("/").text, other.get("/").text) == ("hello alice", "hello bob")


class TestHosts:
    @pytest.mark.parametrize(
        "options", [{"host": "admin.example.com"}, {"headers": {"Host": "admin.example.com"}}]
    )
    def test_can_be_chosen(self, client: Client, options: dict[str, Any]) -> None:
        assert mirrored(client.get("/mirror", **options))["host"] == "admin.example.com"

    def test_are_in_urls_as_well(self, client: Client) -> None:
        assert mirrored(client.get("http://example.com:81/mirror"))["host"] == "example.com:81"

    def test_have_cookies_of_their_own(self, client: Client) -> None:
        client.get("/cookies", params={"line": "a=1; Path=/"}, host="a.example.com")
        assert mirrored(client.get("/mirror", host="a.example.com"))["cookies"] == {"a": "1"}
        assert mirrored(client.get("/mirror", host="b.example.com"))["cookies"] == {}

    def test_sign_in_is_for_one(self, client: Client) -> None:
        client.sign_in("admin", host="admin.example.com")
        assert client.get("/", host="admin.example.com").text == "hello admin"
        assert client.get("/").text == "hello stranger"

    def test_the_usual_one_is_the_address(self, client: Client) -> None:
        assert f"http://{mirrored(client.get('/mirror'))['host']}" == client.url


class TestXsrf:
    @pytest.fixture(
        params=[
            {},
            {"xsrf_cookie_version": 1},
            {"xsrf_cookie_name": "my_xsrf"},
            {"xsrf_cookie_kwargs": {"secure": True, "httponly": True, "samesite": "Strict"}},
            {"xsrf_cookie_kwargs": {"path": "/token"}},
        ],
        ids=str,
    )
    def settings(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        settings: dict[str, Any] = request.param
        return settings

    def test_unsafe_requests_are_wanted(self, client: Client) -> None:
        for _ in range(2):
            assert client.post("/").status_code == 200
            assert client.delete("/mirror").status_code == 200
        assert "X-Xsrftoken" not in mirrored(client.get("/mirror"))["headers"]

    def test_a_page_with_a_form_goes_before(self, client: Client) -> None:
        page = client.get("/token")
        assert client.post("/").status_code == 200
        token = page.text.partition('value="')[2].partition('"')[0]
        settings = client.application.settings
        if "path" not in settings.get("xsrf_cookie_kwargs", {}):  # which hides it from the rest
            assert client.post("/", data={"_xsrf": token}).status_code == 200

    def test_wrong_tokens_are_refused(self, client: Client) -> None:
        client.get("/token")
        assert client.post("/", data={"_xsrf": "wrong"}).status_code == 403
        assert client.post("/", headers={"X-XSRFToken": "wrong"}).status_code == 403

    def test_can_be_left_out(self, client: Client) -> None:
        assert client.post("/", xsrf=False).status_code == 403
        client.xsrf = False
        assert client.post("/").status_code == 403
        assert client.post("/", xsrf=True).status_code == 200

    def test_other_hosts_have_their_own(self, client: Client) -> None:
        assert client.post("/", host="a.example.com").status_code == 200
        assert client.post("/", host="b.example.com").status_code == 200


def test_sign_in_is_a_fixture(client: Client, sign_in: Callable[..., None]) -> None:
    sign_in("alice")
    assert client.get("/").text == "hello alice"


def test_headers_of_the_client_go_with_each_request(client: Client) -> None:
    client.headers["X-One"] = "1"
    seen = mirrored(client.get("/mirror", headers={"X-Two": "2"}))["headers"]
    assert (seen["X-One"], seen["X-Two"]) == ("1", "2")
    seen = mirrored(client.get("/mirror", headers=[("X-One", "other")]))["headers"]
    assert seen["X-One"] == "other"
    assert "X-One" not in mirrored(client.new().get("/mirror"))["headers"]


def test_an_answer_that_does_not_come_is_a_failure(client: Client) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/ticks", timeout=0.05)
    client.timeout = 0.05
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/ticks")


def test_proxies_of_the_environment_are_not_asked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert client.new().get("/").status_code == 200


def test_threads_may_share_it(client: Client) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(client.get("/").text)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == ["hello stranger"] * 8


def test_it_says_where_it_leads(client: Client) -> None:
    assert repr(client) == f"<Client of {client.url}>"
