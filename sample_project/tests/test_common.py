"""What every answer has: security headers, an id; health, errors and routes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tornkit.testing import Client

from board.settings import Settings


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/style.css", "/healthz"])
def test_security_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers, "it is for TLS alone"


def test_each_page_has_a_nonce_of_its_own(client: Client) -> None:
    first, second = (client.get("/").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second


def test_a_request_keeps_the_id_it_came_with(client: Client) -> None:
    given = client.get("/healthz", headers={"X-Request-Id": "abc-12345"})
    assert given.headers["X-Request-Id"] == "abc-12345"
    for path in ("/healthz", "/nowhere"):
        made = client.get(path, headers={"X-Request-Id": "not an <id>"})
        assert len(made.headers["X-Request-Id"]) == 16


def test_head_is_answered_where_get_is(client: Client) -> None:
    answer = client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_health_and_readiness(client: Client, settings: Settings) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    settings.drain_file.touch()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt"])
def test_browsers_find_what_they_ask_for(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_unknown_pages(client: Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "Not Found" in answer.text


def test_routes(assert_routes_ok: Callable[[], None]) -> None:
    assert_routes_ok()
