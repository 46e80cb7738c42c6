"""A file that is run as ``python name`` would. Beside python itself: `test_links`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tornkit.appload.main_file import run_file
from tornkit.errors import NoSuchModule

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def argv(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    argv = ["tornkit", "--own", "x"]
    monkeypatch.setattr(sys, "argv", argv)
    return argv


def run(path: Path, name: str = "app.py") -> object:
    """The value that the file has given to ``sys.found``, a name of this test's."""
    before = sys.modules["__main__"]
    run_file(str(path), name)
    assert sys.modules["__main__"] is before
    return sys.__dict__.pop("found")


def test_its_surroundings(write: Write, argv: list[str]) -> None:
    path = write(
        "app.py",
        """
        import sys
        main = sys.modules["__main__"]
        assert main.__dict__ is globals()
        assert __name__ == "__main__"
        assert (__package__, __spec__, __cached__, __doc__) == (None, None, None, None)
        assert __loader__.get_source("__main__").startswith("\\nimport sys")
        assert callable(__builtins__.len if hasattr(__builtins__, "len") else __builtins__["len"])
        sys.found = __file__, sys.argv[:]
        """,
    )
    assert run(path, "./app.py") == (str(path), ["./app.py", "--own", "x"])
    assert argv == ["./app.py", "--own", "x"]


def test_its_docstring_and_its_encoding(write: Write) -> None:
    path = write("app.py")
    path.write_bytes(b"# coding: latin-1\n'caf\xe9'\nimport sys\nsys.found = __doc__\n")
    assert run(path) == "caf\xe9"


def test_the_future_of_this_module_is_not_the_programs(write: Write) -> None:
    """A module here has its annotations as text, and that is not to be inherited."""
    path = write("app.py", "import sys\ndef f(x: int): ...\nsys.found = f.__annotations__\n")
    assert run(path) == {"x": int}


def test_classes_are_of_main_while_it_runs(write: Write) -> None:
    path = write(
        "app.py", "import pickle, sys\nclass A: ...\nsys.found = pickle.loads(pickle.dumps(A)) is A"
    )
    assert run(path) is True


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_it_raises_comes_through(write: Write, error: type[BaseException]) -> None:
    path = write("app.py", f"raise {error.__name__}('no db')")
    before = sys.modules["__main__"]
    with pytest.raises(error, match="no db") as caught:
        run_file(str(path), "app.py")
    assert sys.modules["__main__"] is before
    assert caught.traceback[-1].path == path


def test_main_that_the_program_has_replaced(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("app.py", "import sys\nsys.modules['__main__'] = None\nsys.found = 1\n")
    assert run(path) == 1


def test_a_mistake_in_its_syntax_names_the_file(write: Write, argv: list[str]) -> None:
    path = write("app.py", "x = 1\ndef f(:\n")
    before: ModuleType = sys.modules["__main__"]
    with pytest.raises(SyntaxError) as caught:
        run_file(str(path), "app.py")
    assert (caught.value.filename, caught.value.lineno) == (str(path), 2)
    assert (sys.modules["__main__"], argv[0]) == (before, "tornkit"), "it was not run"


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_a_file_that_can_not_be_read(here: Path, what: str) -> None:
    (here / "folder").mkdir()
    reason = "No such file or directory" if what == "missing" else "Is a directory"
    with pytest.raises(NoSuchModule) as caught:
        run_file(str(here / what), what)
    assert str(caught.value) == f"{here / what} can't be read: {reason}"
