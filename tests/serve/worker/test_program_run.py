"""End of a program in a worker, and the words for it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tornkit.appload.target import Kind, Target
from tornkit.errors import AppRaised, NoSuchModule, NotAnApplication
from tornkit.serve.sources import sources
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.worker import program_run
from tornkit.serve.worker.listening import Refused
from tornkit.serve.worker.program_run import run_until_it_ends

TARGET = Target(Kind.PROGRAM, "chat.py", "/x", "/x", path="/x/chat.py")
TAKEN = Refused(errno.EADDRINUSE, "port 8888 is taken")


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of the times that other threads were waited for; there are none."""
    waited: list[str] = []
    monkeypatch.setattr(program_run, "wait_for_threads", lambda: waited.append("waited"))
    monkeypatch.setattr(program_run, "has_threads", lambda: False)
    monkeypatch.setattr(sources, "note", lambda path: None)
    return waited


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``run(ends)``: run a program that ends like this; ``ready``: it has served."""

    def run(ends: object = None, *, ready: bool = False) -> None:
        def program(target: Target) -> None:
            assert target is TARGET
            if callable(ends):
                ends()
            elif isinstance(ends, BaseException):
                raise ends

        monkeypatch.setattr(program_run, "run_program", program)
        run_until_it_ends(TARGET, lambda: ready)

    return run


Run = Callable[..., None]


def raised(run: Run, ends: object, kind: type[BaseException], *, ready: bool = False) -> Any:
    with pytest.raises(kind) as caught:
        run(ends, ready=ready)
    assert type(caught.value) is kind
    return caught.value


# ---- one that has not served ----


@pytest.mark.parametrize(
    ("ends", "how"),
    [
        (None, "it ended"),
        (SystemExit(), "it exited with status 0"),
        (SystemExit(3), "it exited with status 3"),
        (SystemExit("no database"), "it exited with no database"),
    ],
)
def test_it_never_listened(run: Run, waited: list[str], ends: object, how: str) -> None:
    error = raised(run, ends, NotAnApplication)
    assert str(error) == f"chat.py never listened: {how} first"
    assert waited == ["waited"], "a thread might have listened"


def test_it_raised(run: Run, waited: list[str]) -> None:
    def fail() -> None:
        raise ValueError("no db\nat all")

    error = raised(run, fail, AppRaised)
    assert str(error) == "running chat.py failed: ValueError: no db"
    assert error.traceback.endswith("ValueError: no db\nat all\n")
    assert "in fail" in error.traceback
    assert waited == [], "they are of no use without it"


@pytest.mark.parametrize("error", [GeneratorExit(), ExceptionGroup("x", [ValueError()])])
def test_it_raised_anything(run: Run, error: BaseException) -> None:
    assert "running chat.py failed: " in str(raised(run, error, AppRaised))


@pytest.mark.parametrize("error", [NoSuchModule("there is no module x"), ChannelClosed("gone")])
def test_what_is_no_error_of_the_program_s(run: Run, error: Exception) -> None:
    assert raised(run, error, type(error)) is error


class TestRefused:
    """Its address was not granted: the supervisor's words count, not the program's for them."""

    def test_it_lets_it_through(self, run: Run) -> None:
        assert raised(run, TAKEN, Refused) is TAKEN

    @pytest.mark.parametrize("explicit", [True, False])
    def test_it_wraps_it(self, run: Run, explicit: bool) -> None:
        def wrap() -> None:
            try:
                raise TAKEN
            except Refused as error:
                if explicit:
                    raise RuntimeError("can't start") from error
                raise RuntimeError("can't start")  # noqa: B904 - as most do

        assert raised(run, wrap, Refused) is TAKEN

    def test_it_has_dealt_with_it(self, run: Run) -> None:
        """An error that comes afterwards has nothing to do with that."""

        def fail() -> None:
            try:
                raise TAKEN
            except Refused:
                pass
            raise ValueError("no db")

        assert "ValueError: no db" in str(raised(run, fail, AppRaised))


# ---- one that has ----


def test_it_ended(run: Run, waited: list[str]) -> None:
    run(ready=True)
    assert waited == ["waited"]


def test_it_exited(run: Run, waited: list[str]) -> None:
    """Its threads serve on, as under Python, and then it exits as it said."""
    error = SystemExit(3)
    assert raised(run, error, SystemExit, ready=True) is error
    assert waited == ["waited"]


@pytest.mark.parametrize("ready", [True, False])
def test_it_was_told_to_end(run: Run, ready: bool) -> None:
    """A Ctrl-C is how a worker ends a program."""
    run(KeyboardInterrupt(), ready=ready)


def test_it_raised_and_nothing_serves_any_more(run: Run, waited: list[str]) -> None:
    assert "ValueError" in str(raised(run, ValueError("late"), AppRaised, ready=True))
    assert waited == []


class TestThreads:
    """The main thread has failed, and others serve."""

    @pytest.fixture(autouse=True)
    def others(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[type, BaseException, str]]:
        """Errors that `sys.excepthook` is told of."""
        told: list[tuple[type, BaseException, str]] = []

        def hook(kind: type, error: BaseException, trace: Any) -> None:
            told.append((kind, error, trace.tb_frame.f_code.co_filename))

        monkeypatch.setattr(sys, "excepthook", hook)
        monkeypatch.setattr(program_run, "has_threads", lambda: True)
        return told

    def test_they_serve_on(self, run: Run, waited: list[str], others: list[Any]) -> None:
        """Its traceback is shown as without tornkit, without our frames."""

        def fail() -> None:
            raise ValueError("late")

        run(fail, ready=True)
        ((kind, error, file),) = others
        assert (kind, str(error), file) == (ValueError, "late", __file__)
        assert waited == ["waited"]

    def test_not_before_it_serves(self, run: Run, others: list[Any]) -> None:
        raised(run, ValueError("early"), AppRaised)
        assert others == []

    @pytest.mark.parametrize("ends", [KeyboardInterrupt(), GeneratorExit()])
    def test_what_is_no_exception_of_the_ordinary_sort(
        self, run: Run, waited: list[str], others: list[Any], ends: BaseException
    ) -> None:
        if isinstance(ends, KeyboardInterrupt):
            run(ends, ready=True)
        else:
            raised(run, ends, AppRaised, ready=True)
        assert (waited, others) == ([], [])


@pytest.mark.parametrize(
    ("argv0", "noted"), [(None, ["/x/chat.py"]), ("chat.py", ["{here}/chat.py"])]
)
def test_its_file_is_noted(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    argv0: str | None,
    noted: list[str],
) -> None:
    """No loader reads it; before it runs, for it may be saved meanwhile."""
    order: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "note", order.append)
    monkeypatch.setattr(program_run, "run_program", lambda target: order.append("runs"))
    run_until_it_ends(replace(TARGET, argv0=argv0), lambda: True)
    assert order == [*(each.format(here=tmp_path) for each in noted), "runs"]


def test_a_module_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "note", lambda path: pytest.fail("it was noted"))
    monkeypatch.setattr(program_run, "run_program", lambda target: None)
    run_until_it_ends(replace(TARGET, path=None, module="chat"), lambda: True)
