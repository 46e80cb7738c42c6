"""Hosts, the administrators' one in particular, and targets that are no request handlers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import pytest
from tornkit.testing import Client

from board.hosts import ADMIN
from board.sessions import add_user
from board.settings import Settings
from board.store import Store

ADMINS = "admin.localhost"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "board.example:80", "apixlocalhost"])
def test_the_site_answers_under_any_name(client: Client, host: str) -> None:
    assert "A small message board." in client.get("/", host=host).text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (ADMINS, 302),
        ("ADMIN.localhost:8888", 302),
        ("adminxlocalhost", 200),
        ("admin.localhost.example", 200),
    ],
)
def test_the_administrators_host_has_a_home_of_its_own(
    client: Client, host: str, status: int
) -> None:
    assert client.get("/", host=host).status_code == status


def test_the_rest_comes_from_the_site(client: Client) -> None:
    for path in ("/sign-in", "/static/style.css", "/topics/help/"):
        assert client.get(path, host=ADMINS).status_code == 200


def test_the_api_is_the_default_host(client: Client) -> None:
    assert client.get("/v1/topics", host="api.localhost").status_code == 200
    assert client.get("/v1/topics").status_code == 200
    # ... but not behind a proxy, which knows the right host names.
    assert client.get("/v1/topics", headers={"X-Real-Ip": "10.0.0.1"}).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1"])
def test_the_administrators_paths_are_on_no_other_host(client: Client, host: str) -> None:
    assert client.get("/messages/1/delete", host=host).status_code == 404


def sign_in(client: Client, name: str, password: str) -> None:
    client.post("/sign-in", host=ADMINS, data={"name": name, "password": password})


def test_administration(signed_in: Client, post: Callable[..., int]) -> None:
    number = post("Rude <words>")
    page = signed_in.get("/", host=ADMINS)
    assert (page.url.path, page.url.params["next"]) == ("/sign-in", "/")
    sign_in(signed_in, "ada", "correct horse battery")
    assert "Rude &lt;words&gt;" in signed_in.get("/", host=ADMINS).text
    delete = f"/messages/{number}/delete"
    assert signed_in.post(delete, host=ADMINS, xsrf=False).status_code == 403
    page = signed_in.post(delete, host=ADMINS)
    assert f"Message {number} has been deleted." in page.text
    assert "There are no messages." in page.text
    assert signed_in.get(f"/messages/{number}").status_code == 404
    assert signed_in.post(delete, host=ADMINS).status_code == 404


def test_others_are_kept_out(client: Client, settings: Settings, post: Callable[..., int]) -> None:
    number = post()
    asyncio.run(add_user(Store(settings.database_url), "bob", "a password of bob's"))
    for rule in ADMIN:  # all that this host has
        path = rule.reverse(*[number] * rule.regex.groups)
        assert path
        assert client.get(path, host=ADMINS).status_code in (302, 405)
        assert client.post(path, host=ADMINS).status_code in (403, 405)
    sign_in(client, "bob", "a password of bob's")
    for rule in ADMIN:
        path = rule.reverse(*[number] * rule.regex.groups)
        assert path
        for method in ("GET", "POST"):
            assert client.request(method, path, host=ADMINS).status_code == 403
    assert client.get(f"/messages/{number}").status_code == 200


def test_a_callable(client: Client) -> None:
    answer = client.get("/-/ping")
    assert (answer.status_code, answer.text) == (200, "pong\n")
    answer = client.head("/-/ping")
    assert (answer.headers["Content-Length"], answer.content) == ("5", b"")
    answer = client.post("/-/ping")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_message_delegate(client: Client) -> None:
    body = b"x" * 200_000  # arrives in several pieces
    answer = client.post("/-/checksum", content=body)
    assert answer.text.strip() == hashlib.sha256(body).hexdigest()
    answer = client.get("/-/checksum")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_router(client: Client) -> None:
    for query, location in (("topic=help", "/topics/help/"), ("message=12", "/messages/12")):
        answer = client.get(f"/old/view.php?{query}")
        assert (answer.status_code, answer.headers["Location"]) == (301, location)
        assert client.head(f"/old/view.php?{query}").status_code == 301
    for query in ("", "?topic=x", "?message=//x", "?message=%ff", "?message=²"):
        assert client.get(f"/old/view.php{query}").status_code == 404
    assert client.post("/old/view.php?topic=help").status_code == 404
    assert client.get("/old/other.php?topic=help").status_code == 404


def test_what_the_nested_router_does_not_know(client: Client) -> None:
    assert client.get("/-/nothing").status_code == 404
