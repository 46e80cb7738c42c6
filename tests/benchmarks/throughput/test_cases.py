"""A server is measured in a case only if it answers it right: Tornado does, others are caught."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.client import HTTPMessage

import pytest

from tests.benchmarks.exchange import Address, Answer, Request, wait_until_serving
from tests.benchmarks.process import ServerProcess, free_ports
from tests.benchmarks.throughput.cases import APPS, CASES, Case, Visit, write_static_file
from tests.benchmarks.throughput.check import WrongAnswer, check

ADDRESS = ("127.0.0.1", 8888)


@pytest.fixture(scope="module")
def tornado(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Tornado's application, served by Tornado."""
    folder = tmp_path_factory.mktemp("apps")
    for name in ("content.py", "tornado_app.py", "templates/tornado.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((APPS / name).read_bytes())
    write_static_file(folder)
    (port,) = free_ports(1)
    command = [sys.executable, "tornado_app.py", str(port)]
    with ServerProcess(command, folder, folder / "log") as process:
        wait_until_serving(("127.0.0.1", port), process)
        yield "127.0.0.1", port


def answer(body: bytes, media_type: str = "text/html", status: int = 200) -> Answer:
    headers = HTTPMessage()
    headers["Content-Type"] = media_type
    return Answer(status, headers, body)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_tornado_answers_every_case_right(case: Case, tornado: Address) -> None:
    checked = check(case, tornado)
    assert {"Content-Type", "Content-Length", "Server", "Date"} <= set(checked.headers)


def test_a_form_without_its_token_and_a_page_without_its_cookie_are_refused(
    tornado: Address,
) -> None:
    for name in ("form", "page"):
        stranger = Case(
            name, name, CASES[name].request, CASES[name].media_type, CASES[name].body, first=None
        )
        with pytest.raises(WrongAnswer, match="status"):
            check(stranger, tornado)


def test_a_server_that_is_not_there_gives_no_answer() -> None:
    (port,) = free_ports(1)
    with pytest.raises(WrongAnswer, match="no answer"):
        check(CASES["bare"], ("127.0.0.1", port))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(b"Hello, world", status=404), "status 404"),
        (answer(b"Hello, world", "text/plain"), "text/plain"),
        (answer(b"Hello, World"), "another body"),
    ],
)
def test_a_wrong_answer_is_named(given: Answer, words: str) -> None:
    assert words in str(CASES["bare"].mistake(given))


def test_json_may_differ_in_its_spaces_alone() -> None:
    case = CASES["json"]
    assert case.mistake(answer(b'{"verbose":"yes","id":42}', "application/json")) is None
    for wrong in (b'{"verbose":"yes","id":"42"}', b"{}", b"not JSON", b""):
        assert case.mistake(answer(wrong, "application/json")) is not None


def test_a_bare_request_has_no_header_that_http_does_not_ask_for() -> None:
    assert CASES["bare"].request(Visit({})).encode(ADDRESS) == (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n"
    )


def test_a_browsers_request_has_about_600_bytes_of_headers() -> None:
    assert 550 < len(CASES["browser"].request(Visit({})).encode(ADDRESS)) < 750


def test_the_visit_before_gives_its_cookies_as_they_were_and_its_token() -> None:
    headers = HTTPMessage()
    headers["Set-Cookie"] = '_xsrf="2|ab|cd"; Path=/'
    headers["Set-Cookie"] = "user=Ada.x; HttpOnly"
    body = b'<input type="hidden" name="_xsrf" value="2|ab|ef"/>'
    visit = Visit.read(Answer(200, headers, body))
    assert visit == Visit({"_xsrf": '"2|ab|cd"', "user": "Ada.x"}, "2|ab|ef")
    request = CASES["form"].request(visit)
    assert '_xsrf="2|ab|cd"' in request.headers["Cookie"]
    assert request.body.endswith(b"_xsrf=2%7Cab%7Cef")


def test_a_body_has_its_length() -> None:
    encoded = Request("/upload", "POST", {}, b"12345").encode(ADDRESS)
    assert encoded.endswith(b"Content-Length: 5\r\n\r\n12345")
