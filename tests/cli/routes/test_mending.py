"""``--fix``, with the real command: on a terminal it asks, elsewhere it wants ``--yes``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.routes.terminal import run, run_in_terminal, without_colours
from tornkit.cli.routes import mending
from tornkit.errors import TornkitError
from tornkit.routing.findings.fix import FixPlan, Mend

pytestmark = pytest.mark.thorough

APP = """\
from tornado.web import Application, RequestHandler


class Icon(RequestHandler):
    def get(self): ...


ROOT = "/files"
app = Application([(r"/favicon.ico", Icon), (ROOT + "/a.txt", Icon)])
"""
MENDED = APP.replace("favicon.ico", r"favicon\.ico")
WHOLE = APP.replace(', (ROOT + "/a.txt", Icon)', "")
LEFT = (
    "TK501 route 1 (app.py:9) is left: its pattern is not written out as one string where the "
    "rule is"
)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    file = tmp_path / "app.py"
    file.write_text(WHOLE)
    return file


def test_with_yes_it_is_written(app: Path) -> None:
    done = run(app.parent, "app.py", "--fix", "--yes")
    assert (done.returncode, done.stderr) == (0, "Mended 1 pattern in 1 file.\n")
    assert app.read_text() == MENDED.replace(', (ROOT + "/a.txt", Icon)', "")
    assert '-app = Application([(r"/favicon.ico", Icon)])' in done.stdout
    assert '+app = Application([(r"/favicon\\.ico", Icon)])' in done.stdout
    again = run(app.parent, "app.py", "--fix", "--yes")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "Nothing to mend.\n")


def test_without_a_terminal_the_diff_alone_is_shown(app: Path) -> None:
    done = run(app.parent, "app.py", "--fix")
    assert done.returncode == 1
    assert done.stdout.startswith("--- a/app.py\n+++ b/app.py\n@@ ")
    assert done.stderr == "Nothing was written: --yes writes without asking.\n"
    assert app.read_text() == WHOLE


def test_on_a_terminal_it_asks(app: Path) -> None:
    code, seen = run_in_terminal(app.parent, "app.py", "--fix", answer="n")
    seen = without_colours(seen)
    assert code == 1
    assert "+++ b/app.py" in seen
    assert seen.endswith("Write this file? [y/N]: n\nNothing was written.\n")
    assert app.read_text() == WHOLE
    code, seen = run_in_terminal(app.parent, "app.py", "--fix", answer="y")
    assert code == 0
    assert seen.endswith("[y/N]: y\nMended 1 pattern in 1 file.\n")
    assert r"favicon\.ico" in app.read_text()


def test_what_is_left_is_told_and_fails(app: Path) -> None:
    app.write_text(APP)
    done = run(app.parent, "app.py", "--fix", "--yes")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [LEFT, "Mended 1 pattern in 1 file."]
    assert app.read_text() == MENDED
    again = run(app.parent, "app.py", "--fix", "--yes")
    assert (again.returncode, again.stderr.splitlines()) == (1, [LEFT, "Nothing to mend."])


def test_with_check_the_rest_is_reported(app: Path) -> None:
    app.write_text(APP)
    done = run(app.parent, "app.py", "--check", "--fix", "--yes")
    assert done.returncode == 1
    report = done.stdout[done.stdout.index("route ") :]
    assert report.startswith("route 1  /files/a.txt  Icon  app.py:9\n  warning TK501")
    assert "favicon" not in report


def test_what_a_comment_silences_stays(app: Path) -> None:
    app.write_text(WHOLE.rstrip() + "  # tornkit: ignore[TK501]\n")
    done = run(app.parent, "app.py", "--fix", "--yes")
    assert (done.returncode, done.stderr) == (0, "Nothing to mend.\n")


def test_what_is_in_the_baseline_is_mended_too(app: Path) -> None:
    run(app.parent, "app.py", "--write-baseline", "known.json")
    run(app.parent, "app.py", "--check", "--fix", "--yes", "--baseline", "known.json")
    assert r"favicon\.ico" in app.read_text()


def test_nothing_is_asked_that_was_not_selected(app: Path) -> None:
    done = run(app.parent, "app.py", "--fix", "--select", "TK2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--fix mends TK501 and TK502, which are not selected" in done.stderr
    assert (
        run(app.parent, "app.py", "--fix", "--yes", "--ignore", "TK501").stderr
        == "Nothing to mend.\n"
    )


def test_an_edit_meanwhile_is_not_overwritten(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves the file while the question stands."""
    mend = Mend(str(app), b"it_was = 1\n", b"it_is = 2\n", 1, ())
    monkeypatch.setattr(mending, "plan", lambda report: FixPlan((mend,), ()))
    with pytest.raises(TornkitError, match="changed meanwhile"):
        mending.run(None, yes=True)  # type: ignore[arg-type]
    assert app.read_text() == WHOLE
