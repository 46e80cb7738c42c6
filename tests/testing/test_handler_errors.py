from __future__ import annotations

import logging

import pytest

from tornkit.testing import handler_errors
from tornkit.testing.handler_errors import errors_shown

log = logging.getLogger("tornado.application")


def fail(message: str = "it failed") -> None:
    try:
        raise ZeroDivisionError("a mistake")
    except ZeroDivisionError:
        log.exception(message)


def test_what_pytest_hears_is_no_section(caplog: pytest.LogCaptureFixture) -> None:
    sections: list[str] = []
    with errors_shown(sections.append):
        fail()
    assert "a mistake" in caplog.text
    assert not sections


def test_what_pytest_does_not_hear_is_a_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(log, "handlers", [logging.NullHandler()])
    sections: list[str] = []
    with errors_shown(sections.append):
        fail("one")
        log.error("without an error")
    fail("too late")
    (section,) = sections
    assert section.startswith("ERROR tornado.application: one\nTraceback")
    assert section.endswith("ZeroDivisionError: a mistake")


def test_frames_of_tornkits_own_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    code = compile("def call(function): function()", handler_errors.__file__, "exec")
    own: dict[str, object] = {}
    exec(code, own)
    call = own["call"]
    assert callable(call)

    def users() -> None:
        raise ZeroDivisionError

    with errors_shown(lambda text: None):
        try:
            call(users)
        except ZeroDivisionError:
            log.exception("failed")
    assert "in users" in caplog.text
    assert "in call" not in caplog.text
