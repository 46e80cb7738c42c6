"""What `tornkit serve` says, in the order in which a person wants to read it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.nasty_text import NASTY, disobedient
from tornkit.cli.reporter import TerminalReporter
from tornkit.serve.blocking.causes import Cause
from tornkit.serve.reporter import Banner
from tornkit.serve.wire.messages import Failed
from tornkit.serve.wire.warmth import Warmth

BANNER = Banner(
    label="app.py:make_app",
    urls=("http://127.0.0.1:8888",),
    everywhere=False,
    workers=2,
    pid=4711,
    watched=("/src",),
    polling=False,
)


def test_what_is_warm_stands_below_the_banner(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    reporter.warmed(Warmth(285, {}))
    assert capsys.readouterr().err == ""
    reporter.serving(BANNER)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["serving", "workers", "watching", "Ctrl-C"]
    assert lines[5].endswith(" warm: 285 modules")
    reporter.also_serving(["http://127.0.0.1:8889"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" serving at http://127.0.0.1:8889 as well")
    reporter.warmed(Warmth(0, {"grpc": "starts a thread"}))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" only Tornado is warm; 1 quarantined (grpc starts a thread)")


def test_what_is_inactive_is_told_in_one_line_with_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    platform = {
        "python": "3.12.1",
        "tornado": "6.7.0",
        "active": ["routing"],
        "inactive": ["WebSockets"],
        "unknown": ["tornado.websocket.WebSocketProtocol13._receive_frame"],
        "known_version": False,
    }
    TerminalReporter().serving(replace(BANNER, platform=platform))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "inactive" in line]
    assert line.split(None, 1)[1] == (
        "Tornado's own code serves WebSockets: Tornado 6.7.0 has other code than this tornkit "
        "knows, in tornado.websocket.WebSocketProtocol13._receive_frame; "
        "pip install --upgrade tornkit"
    )


NASTY_BANNER = Banner(
    label=NASTY,
    urls=(NASTY, NASTY),
    everywhere=True,
    workers=2,
    pid=4711,
    watched=(NASTY, NASTY),
    polling=True,
)


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_that_is_told_is_obeyed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, colour: bool
) -> None:
    monkeypatch.setattr("tornkit.cli.reporter.wants_colour", lambda stream: colour)
    reporter = TerminalReporter()
    reporter.cache_refused(NASTY)
    reporter.warmed(Warmth(1, {NASTY: NASTY}))
    reporter.serving(NASTY_BANNER)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 7
    reporter.warmed(Warmth(1, {NASTY: NASTY}))
    reporter.reloading((NASTY, NASTY))
    reporter.failed(Failed("AppRaised", NASTY), old_serves=False, waiting=False)
    reporter.worker_died(0, 1, NASTY, 0.5)
    reporter.recycles(0, 1, NASTY)
    reporter.watching_fails(NASTY)
    for cause in Cause:
        reporter.blocked(0, 1.0, NASTY, cause)
    reporter.blocked(None, 1.0, NASTY, Cause.CODE)
    reporter.stopping(NASTY)
    reporter.cache_refused(NASTY)
    lines += capsys.readouterr().err.splitlines()
    assert len(lines) == 7 + 13, "a line each, and advice once: none is forged"
    assert disobedient("".join(lines), "") == set()
    assert ("\x1b[" in "".join(lines)) is colour


def test_advice_is_for_what_stands_again(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    reporter.blocked(None, 0.2, "Home.get shop.py:9 self.render(name)", Cause.TEMPLATE)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("self.render(name): compiles a template, at its first use alone")
    reporter.blocked(None, 0.2, "Home.get shop.py:9 sleep(2)", Cause.CODE)
    line, advice = capsys.readouterr().err.splitlines()
    assert line.endswith("sleep(2)")
    assert "await a coroutine" in advice


def test_a_traceback_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    traceback = f"Traceback (most recent call last):\n  File {NASTY!r}\nValueError: {NASTY}\n"
    failure = Failed("AppRaised", "importing app failed", traceback)
    TerminalReporter().failed(failure, old_serves=True, waiting=True)
    shown = capsys.readouterr().err
    assert disobedient(shown) == set()
    assert shown.startswith("Traceback (most recent call last):\n  File '")
    assert "\nValueError: =x\\x1b]0;title\\x07" in shown
