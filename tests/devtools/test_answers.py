"""The pages, JSON and texts of errors, and of what there is no page for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.web import Application, HTTPError, RequestHandler

from tests.devtools.pages import BROWSER, as_json, got, installed
from tornkit.devtools import answers
from tornkit.engine.server import HTTPServer

JSON = ("Accept: application/json",)


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with installed():
        yield


def page(path: str, *lines: str, **options: Any) -> str:
    return got(HTTPServer, path, *BROWSER, *lines, **options).body.decode()


def text_in(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_an_error_has_source_variables_request_and_route() -> None:
    html = page("/items/5?token=hunter2&page=2", "Cookie: session=hunter2", "X-Api-Key: hunter2")
    text = text_in(html)
    for part in (
        "KeyError",
        "tests/devtools/pages.py:",
        "Item.get",
        "{&quot;1&quot;: 2}[number]",
        "&#x27;5&#x27;",
        "argument 0",
        "Cookies",
        r"/items/(\d+)",
        "Traceback (most recent call last)",
        "&#x27;2&#x27;",
    ):
        assert part in html or part in text, part
    assert "hunter2" not in html
    assert html.count("***") >= 4


def test_what_is_shown_is_escaped() -> None:
    html = page("/items/5?%3Cscript%3Ealert(1)%3C/script%3E=%3Cb%3E")
    assert "<script>alert" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_only_script_is_the_pages_own() -> None:
    response = got(HTTPServer, "/items/5", *BROWSER)
    policy = response.headers["Content-Security-Policy"]
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    html = response.body.decode()
    assert html.count("<script") == html.count(f'<script nonce="{nonce}"') == 1
    assert nonce not in got(HTTPServer, "/items/5", *BROWSER).body.decode(), "new each time"
    assert "http://" not in html
    assert "https://" not in html


def test_an_error_as_json_and_as_text() -> None:
    found = as_json(got(HTTPServer, "/items/5", *JSON))
    assert (found["status"], found["error"], found["message"]) == (500, "KeyError", "'5'")
    assert found["traceback"][-1] == "KeyError: '5'"
    response = got(HTTPServer, "/items/5")
    assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert response.body.decode().splitlines() == found["traceback"]
    assert "tornkit/" not in response.body.decode().replace("tests/devtools", "")


def test_a_page_that_is_not_there_leads_to_one_that_is() -> None:
    html = page("/itms/1")
    assert '<a href="/items/1">/items/1</a>' in html
    text = text_in(html)
    assert "404 Not Found" in text
    assert text.index("/items/(") < text.index("/missing") < text.index("/own"), "as they are tried"
    found = as_json(got(HTTPServer, "/itms/1", *JSON))
    assert found["nearest"] == ["/items/1"]
    assert any("/static/(.*)" in line for line in found["routes"])
    said = got(HTTPServer, "/itms/1").body.decode()
    assert said.startswith("404 Not Found: GET /itms/1\ndid you mean /items/1 (")


@pytest.mark.parametrize("path", ["//evil.example/itms/1", "/\\evil.example/itms/1"])
def test_it_leads_to_no_other_site(path: str) -> None:
    assert not re.search(r'href="(//|/\\|\\|https?:)', page(path))


def test_a_method_that_is_not_there() -> None:
    html = page("/posting")
    assert "405 Method Not Allowed" in text_in(html)
    assert "it answers POST" in text_in(html)


def test_a_handler_that_says_it_itself() -> None:
    html = page("/missing")
    text = text_in(html)
    assert "no item 5, token=***" in text
    assert "Answered by the application itself" in text
    assert "Missing.get" in text
    assert "hunter2" not in html


def test_a_file_that_is_not_there() -> None:
    assert "404 Not Found" in text_in(page("/static/a.css"))


class Raising(RequestHandler):
    """Raises what it was made for."""

    def initialize(self, error: BaseException) -> None:
        self.error = error

    def get(self, **given: str) -> None:
        raise self.error


def raising(error: BaseException, pattern: str = "/") -> Application:
    return Application([(pattern, Raising, {"error": error})], log_function=lambda handler: None)


@pytest.mark.parametrize(
    "error",
    [
        ExceptionGroup(
            "password=hunter2", [ValueError("token=hunter2"), ValueError("u:hunter2@h")]
        ),
        ValueError("login failed\npassword: hunter2"),
        ValueError("GET https://api.example.com/?api_key=hunter2"),
    ],
)
@pytest.mark.parametrize("lines", [BROWSER, JSON, ()])
def test_no_form_of_an_error_tells_a_secret(error: Exception, lines: tuple[str, ...]) -> None:
    response = got(HTTPServer, "/", *lines, app=raising(error))
    assert response.status == 500
    assert b"hunter2" not in response.body


@pytest.mark.parametrize("lines", [BROWSER, JSON, ()])
def test_a_part_of_the_path_with_a_secret_name(lines: tuple[str, ...]) -> None:
    app = raising(ValueError("a"), r"/reset/(?P<token>\w+)")
    assert b"hunter2" not in got(HTTPServer, "/reset/hunter2", *lines, app=app).body


def test_a_body_that_is_taken_for_a_fields_name() -> None:
    html = page("/items/5?{%22password%22:%22hunter2%22}")
    assert "hunter2" not in html


def test_a_long_message_takes_no_long_time() -> None:
    error = ValueError(",".join(f'"2024-01-01T12:30:00.{place:06}Z"' for place in range(40_000)))
    began = time.monotonic()
    response = got(HTTPServer, "/", app=raising(error))
    assert time.monotonic() - began < 5, "not a minute"
    assert len(response.body) < 50_000


def test_text_that_can_not_be_encoded() -> None:
    response = got(HTTPServer, "/", app=raising(ValueError("bad \udcff")))
    assert b"ValueError: bad \\udcff" in response.body


def test_a_message_with_the_wrong_arguments() -> None:
    response = got(HTTPServer, "/", app=raising(HTTPError(404, "%s and %s", 1)))
    assert response.status == 404
    assert b"%s and %s" in response.body


def test_very_many_routes_are_left_to_the_command() -> None:
    app = Application(
        [(f"/{place}", RequestHandler) for place in range(2_000)],
        log_function=lambda handler: None,
    )
    assert b"tornkit routes --match" in got(HTTPServer, "/nowhere", app=app).body


def test_a_head_has_no_body() -> None:
    response = got(HTTPServer, "/nowhere", *BROWSER, method="HEAD")
    assert (response.status, response.body) == (404, b"")


def test_an_application_whose_routes_can_not_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(answers, "routed", fails)
    html = page("/nowhere")
    assert "404 Not Found" in html
    assert "in the order" not in html


def test_an_application_without_routes() -> None:
    html = page("/", app=Application(log_function=lambda handler: None))
    assert "404 Not Found" in html
