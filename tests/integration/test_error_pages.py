"""Error pages of a dev server: whose browser gets them, and when there are none."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.serve import Serve

APP = """\
from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        cookie_secret = "hunter2"
        self.write(str(1 / 0))


def make_app():
    return Application([("/items", Main)], cookie_secret="hunter2")
"""
BROWSER = ("Accept: text/html", "Sec-Fetch-Dest: document")
TORNADOS = "<html><title>500: Internal Server Error</title>"


@pytest.mark.parametrize("engine", ["tornkit", pytest.param("tornado", marks=pytest.mark.thorough)])
def test_an_error_and_a_missing_page(serve: Serve, engine: str) -> None:
    server = serve({"app.py": APP}, "--engine", engine)
    response = server.get("/items", *BROWSER)
    assert response.status == 500
    assert "ZeroDivisionError" in response.text
    assert "app.py:7" in response.text
    assert "hunter2" not in response.text
    assert '<a href="/items">' in server.get("/itemz", *BROWSER).text
    assert server.get("/items").text.endswith("ZeroDivisionError: division by zero\n")
    server.edit("app.py", "1 / 0", "1 / 1")
    server.wait_for_answer("1.0", "/items")
    assert "hunter2" not in server.log


@pytest.mark.thorough
@pytest.mark.parametrize("option", ["--no-reload", "--no-dev-tools"])
def test_there_are_none_without_the_dev_tools(serve: Serve, option: str) -> None:
    server = serve({"app.py": APP}, option)
    assert server.get("/items", *BROWSER).text.startswith(TORNADOS)
    assert "404: Not Found" in server.get("/itemz", *BROWSER).text


def another_address() -> str | None:
    """An address of this machine that is none of loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") or address == "0.0.0.0" else address


@pytest.mark.thorough
def test_another_machine_gets_tornados(serve: Serve) -> None:
    address = another_address()
    if address is None:
        pytest.skip("this machine has no address but loopback's")
    server = serve({"app.py": APP}, "--address", "0.0.0.0", "--dev-host", address)
    port = server.url.rpartition(":")[2].strip("/")
    there = server.get("/items", *BROWSER, url=f"http://{address}:{port}")
    assert there.text.startswith(TORNADOS)
    here = server.get("/items", *BROWSER, url=f"http://127.0.0.1:{port}")
    assert "ZeroDivisionError" in here.text


@pytest.mark.thorough
def test_files_named_as_pythons_stay_the_programs(serve: Serve) -> None:
    """The pages import parts of the standard library, late."""
    names = ["difflib", "html", "decimal", "ast", "secrets", "template", "masking"]
    if sys.version_info >= (3, 13):  # whose own tracebacks import that, late
        names.remove("ast")
    files = {f"{name}.py": "MINE = True\n" for name in names}
    late = APP.replace(
        "self.write(str(1 / 0))",
        "import difflib, decimal, secrets; self.write(str(difflib.MINE and decimal.MINE))"
        " if self.get_argument('late', '') else 1 / 0",
    )
    server = serve({"app.py": late, **files})
    assert "ZeroDivisionError" in server.get("/items", *BROWSER).text
    assert "404 Not Found" in server.get("/itemz", *BROWSER).text
    assert server.get("/items?late=1").text == "True"
