"""Texts are read once, as long as a function is what it was."""

from __future__ import annotations

import linecache
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tornkit.engine.fidelity.source_digests import forgotten, once


class Asked:
    def __init__(self) -> None:
        self.of: list[object] = []

    def __call__(self, function: object) -> int:
        self.of.append(function)
        if function is raising:
            raise LookupError
        return len(self.of)


def sample() -> None: ...


def raising() -> None: ...


def test_a_function_is_asked_about_once() -> None:
    asked = Asked()
    digest = once(asked)
    assert [digest(sample), digest(sample)] == [1, 1]
    assert asked.of == [sample]


def test_and_again_with_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = once(Asked())
    assert digest(sample) == 1
    monkeypatch.setattr(sample, "__code__", raising.__code__)
    assert [digest(sample), digest(sample)] == [2, 2]


def test_errors_and_what_is_no_function_are_not_kept() -> None:
    asked = Asked()
    digest = once(asked)
    assert [digest(None), digest(None)] == [1, 2]
    for _ in range(2):
        with pytest.raises(LookupError):
            digest(raising)
    assert len(asked.of) == 4


def test_the_lines_of_others_stay(tmp_path: Path) -> None:
    for name in ("theirs", "ours"):
        (tmp_path / name).write_text("text")
    theirs, ours = str(tmp_path / "theirs"), str(tmp_path / "ours")
    linecache.getline(theirs, 1)
    with forgotten():
        assert linecache.getline(ours, 1) == linecache.getline(theirs, 1) == "text\n"
        assert ours in linecache.cache
    assert theirs in linecache.cache
    assert ours not in linecache.cache


def test_speedups_that_have_looked_read_nothing_when_they_are_installed() -> None:
    script = """\
    import linecache
    from tornado.web import RequestHandler
    from tornkit.engine import speedups, websocket
    own = RequestHandler.finish
    speedups.look()
    assert RequestHandler.finish is own
    assert not [name for name in linecache.cache if "tornado" in name]
    linecache.getlines = None
    speedups.install()
    assert RequestHandler.finish is not own
    assert websocket.is_installed()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=30, check=True)
