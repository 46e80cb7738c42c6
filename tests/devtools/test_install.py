"""Tornado's error pages and those in their place: who gets which."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.web import RequestHandler

from tests.devtools.pages import BROWSER, application, got, installed
from tests.engine.serving import EITHER, ServerClass
from tornkit.devtools import answers, install

own = RequestHandler.write_error


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with installed():
        yield
    assert RequestHandler.write_error is own


@EITHER
def test_a_browser_of_this_machine_gets_a_page(server_class: ServerClass) -> None:
    response = got(server_class, "/items/5", *BROWSER)
    assert response.status == 500
    assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert b"KeyError" in response.body
    assert b"hunter2" not in response.body


@EITHER
@pytest.mark.parametrize(
    "line", ["Host: evil.example", "X-Forwarded-For: 127.0.0.1", "Origin: http://evil.example"]
)
@pytest.mark.parametrize("path", ["/items/5", "/nowhere"])
def test_everybody_else_gets_tornados_own(server_class: ServerClass, path: str, line: str) -> None:
    name, _, value = line.partition(": ")
    host = value if name == "Host" else "localhost"
    response = got(server_class, path, *BROWSER, *([line] if name != "Host" else []), host=host)
    message = {500: "500: Internal Server Error", 404: "404: Not Found"}[response.status]
    page = f"<html><title>{message}</title><body>{message}</body></html>"
    assert response.body.decode() == page


@pytest.mark.parametrize("path", ["/own", "/refusing"])
def test_what_the_application_says_itself_stays(path: str) -> None:
    with_pages = got(*served(path))
    install.uninstall()
    without = got(*served(path))
    assert (with_pages.status, with_pages.body) == (without.status, without.body)


def served(path: str) -> tuple[ServerClass, str, str, str, str]:
    from tornkit.engine.server import HTTPServer

    return HTTPServer, path, *BROWSER


@EITHER
def test_no_other_site_can_read_it_and_nothing_keeps_it(server_class: ServerClass) -> None:
    headers = got(server_class, "/items/5", *BROWSER).headers
    assert "Access-Control-Allow-Origin" not in headers, "though the application sets it"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_nothing_is_said_in_an_image() -> None:
    response = got(*served("/nowhere")[:2], "Sec-Fetch-Dest: image")
    assert response.body.startswith(b"<html><title>404: Not Found")


def test_a_page_that_fails_leaves_tornados(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(answers, "of_error", fails)
    response = got(*served("/items/5"))
    assert response.body.startswith(b"<html><title>500: Internal Server Error")
    assert "no page of this error can be made" in caplog.text


def test_it_is_done_once_and_undone_only_if_it_is_still_ours() -> None:
    install.install()
    assert RequestHandler.write_error is install.write_error
    RequestHandler.write_error = own  # type: ignore[method-assign]
    install.uninstall()
    assert RequestHandler.write_error is own
    install.install(["my-laptop"])
    assert b"KeyError" in got(*served("/items/5"), host="my-laptop").body


def test_a_stranger_is_told_no_more_than_before() -> None:
    """Also where the application asks for tracebacks: that is its own affair."""
    app = application(serve_traceback=True)
    response = got(*served("/items/5"), host="evil.example", app=app)
    assert response.headers["Content-Type"] == "text/plain"
