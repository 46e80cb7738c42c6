"""Tornado's own web tests with the speedups: they pass, and every response is the same."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.tornado_suite.processes import LOOPS, run

SERVERS = ("tornado.httpserver:HTTPServer", "tornkit.engine.server:HTTPServer")
# A few of each kind; the whole of them takes half a minute.
FEW = ("*web_test.*[Ee]tag*", "*web_test.*Header*", "*web_test.*Error*", "*web_test.*XSRF*")
# What differs from run to run: the time, what is drawn by lot, temporary files and addresses.
_CHANGING = (
    (r"Date: [^\r]*", "Date"),
    (r"expires=[^;\r]*", "expires"),
    (r"2\|[0-9a-f]{8}\|[0-9a-f]+\|[0-9]+", "XSRF"),
    (r"\b[0-9a-f]{32}\b", "XSRF"),
    (r"2\|1:0\|[^\"\r]*", "SIGNED"),
    (r"127\.0\.0\.1:[0-9]+", "ADDRESS"),
    (r"127\.0\.0\.1%3A[0-9]+", "ADDRESS"),
    (r"0x[0-9a-f]+", "0x"),
    (r"/tmp/[^\"\s]*", "FILE"),
    (r"Expires: [^\r]*", "Expires"),
    (r"(?s)\x1f\x8b\x08\x00....", "GZIP"),
    (r"Last-Modified: [^\r]*", "Last-Modified"),
)


def _responses(server: str, loop: str, patterns: tuple[str, ...], place: Path, on: bool) -> object:
    file = place / f"{on}.json"
    outcome = run(server, loop, patterns, speedups=on, responses=file)
    assert outcome.is_good, outcome
    return {
        test: [_steady(text) for text in texts if text]
        for test, texts in json.loads(file.read_text()).items()
    }


def _steady(text: str) -> str:
    body = text.partition("\r\n\r\n")[2].encode("latin1")
    text = text.replace(f'"{hashlib.sha1(body).hexdigest()}"', "OF THE BODY")
    for pattern, name in _CHANGING:
        text = re.sub(pattern, name, text)
    return text


def _assert_the_same(server: str, loop: str, patterns: tuple[str, ...], place: Path) -> None:
    without = _responses(server, loop, patterns, place, False)
    with_them = _responses(server, loop, patterns, place, True)
    assert isinstance(without, dict)
    assert isinstance(with_them, dict)
    assert list(_heads(without)), "nothing was taken down"
    differing = {test: (without[test], with_them.get(test)) for test in without
                 if without[test] != with_them.get(test)}  # fmt: skip
    assert differing == {}
    assert without.keys() == with_them.keys()


def _heads(responses: dict[str, list[str]]) -> Iterator[str]:
    for texts in responses.values():
        for text in texts:
            if text.startswith("HTTP/1.1 "):
                yield text


def test_responses_are_the_same_header_by_header(tmp_path: Path) -> None:
    _assert_the_same(SERVERS[1], "asyncio", FEW, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("server", SERVERS)
def test_all_responses_are_the_same_header_by_header(
    server: str, loop: str, tmp_path: Path
) -> None:
    _assert_the_same(server, loop, ("tornado.test.web_test*",), tmp_path)


@pytest.mark.thorough
@pytest.mark.timeout(200)
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("server", SERVERS)
def test_tornados_tests_pass(server: str, loop: str) -> None:
    outcome = run(server, loop, speedups=True)
    assert outcome.is_good, outcome
    assert outcome.passed > 600
