from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.cli.routes import terminal
from tornkit.cli.routes.collection import collection_paused


def test_no_collection_inside_and_as_before_behind() -> None:
    assert gc.isenabled()
    with collection_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_as_before_behind_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collection_paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_what_an_application_has_switched_off_stays_off() -> None:
    gc.disable()
    try:
        with collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_list_is_made_without_and_the_application_with(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import gc, sys\n"
        "from tornado.web import Application, RequestHandler, url\n"
        "print('made', gc.isenabled(), file=sys.stderr)\n"
        "class Own(Application):\n"
        "    def reverse_url(self, name, *args):\n"
        "        print('reversed', gc.isenabled(), file=sys.stderr)\n"
        "        return super().reverse_url(name, *args)\n"
        "app = Own([url('/', RequestHandler, name='home')])\n"
    )
    found = terminal.run(tmp_path, "app.py:app")
    assert (found.returncode, found.stderr) == (0, "made True\nreversed False\n")


def test_what_an_application_has_made_is_freed_at_the_exit(tmp_path: Path) -> None:
    """Files that it has not closed are written out, and those that are temporary are removed."""
    (tmp_path / "app.py").write_text(
        "import gc, tempfile\n"
        "from tornado.web import Application\n"
        "frozen = gc.get_freeze_count()\n"
        "written = open('written', 'w')\n"
        "written.write(str(frozen))\n"
        "class Holder:\n"
        "    def __init__(self):\n"
        "        self.itself = self\n"
        "        self.file = tempfile.NamedTemporaryFile(dir='.', suffix='.temporary')\n"
        "        self.written = open('of a circle', 'w')\n"
        "        self.written.write('all')\n"
        "holder = Holder()\n"
        "app = Application()\n"
    )
    found = terminal.run(tmp_path, "app.py:app")
    assert (found.returncode, found.stderr) == (0, "")
    assert int((tmp_path / "written").read_text()) > 10_000
    assert (tmp_path / "of a circle").read_text() == "all"
    assert list(tmp_path.glob("*.temporary")) == []
