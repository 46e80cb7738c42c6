"""A speedup steps aside where Tornado's method is not the one that it was written against."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tornado
import tornado.web
from tornado.web import Application, RequestHandler

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass
from tests.engine.speedups.applications import each
from tests.engine.speedups.watching import Note, installed, masked, watch
from tornkit.engine import speedups
from tornkit.engine.fidelity import texts

pytestmark = EITHER_LOOP

FEW_KNOWN = {
    "RequestHandler._execute",
    "RequestHandler.compute_etag",
    "RequestHandler.finish",
    "_HandlerDelegate.execute",
    "httputil.format_timestamp",
}
NAMES = sorted(
    {name for speedup in speedups.SPEEDUPS for name in (speedup.replaced, *speedup.relies_on)}
)
REPOSITORY = Path(__file__).parents[3]


def test_the_installed_tornado_is_known(caplog: pytest.LogCaptureFixture) -> None:
    with installed():
        assert caplog.records == []
        for speedup in speedups.SPEEDUPS:
            owner, name = speedups._place(speedup.replaced)
            assert vars(owner)[name] is speedup.by


def test_each_speedup_says_what_it_relies_on() -> None:
    assert {*map(speedups.full_name, NAMES)} == set(texts.known(texts.SPEEDUPS))


@EITHER
@pytest.mark.parametrize("name", each(NAMES, FEW_KNOWN))
async def test_one_that_was_changed_is_left_alone_and_the_others_go_on(
    server_class: ServerClass, name: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    owner, attribute = speedups._place(name)
    own = getattr(owner, attribute)

    def changed(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs)

    monkeypatch.setattr(owner, attribute, changed)

    class Hello(RequestHandler):
        def get(self) -> None:
            self.write("hello")

    async def play(client: Client, note: Note) -> None:
        note(masked(await client.request("/")))
        for speedup in speedups.SPEEDUPS:
            owner, attribute = speedups._place(speedup.replaced)
            concerned = name in (speedup.replaced, *speedup.relies_on)
            assert (vars(owner)[attribute] is speedup.by) is not concerned

    seen = await watch(
        server_class, lambda note: Application([("/", Hello)]), play, with_speedups=True
    )
    assert seen.responses[0][3] == b"hello"
    lines = [
        record
        for record in caplog.records
        if record.name == "tornkit" and "was replaced by" not in record.getMessage()
    ]
    assert len(lines) == 1
    assert name.removeprefix("httputil.") in lines[0].getMessage()
    assert getattr(owner, attribute) is changed


CHANGED = """
import sys
sys.path.insert(0, {place!r})
import logging
logging.basicConfig(format="%(name)s: %(message)s", stream=sys.stdout)
import tornado, tornado.web
assert tornado.__file__.startswith({place!r})
from tornkit.engine import speedups
speedups.install()
handler = tornado.web.RequestHandler
print(handler.write.__module__, handler.clear.__module__)
"""


def test_a_tornado_that_was_changed_by_hand_is_told_of_in_one_line(tmp_path: Path) -> None:
    folder = Path(tornado.__file__).parent
    (tmp_path / "tornado").mkdir()
    for file in folder.iterdir():
        if file.is_file() and file.name != "web.py":
            (tmp_path / "tornado" / file.name).symlink_to(file)
    (tmp_path / "tornado" / "platform").symlink_to(folder / "platform")
    text = (folder / "web.py").read_text()
    line = '            raise RuntimeError("Cannot write() after finish()")'
    assert line in text
    changed = text.replace(line, line.replace("Cannot", "Can not"))
    (tmp_path / "tornado" / "web.py").write_text(changed)
    done = subprocess.run(
        [sys.executable, "-c", CHANGED.format(place=str(tmp_path))],
        capture_output=True, text=True, timeout=60, check=False, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.stderr == ""
    told, modules = done.stdout.splitlines()
    assert told.startswith("tornkit: tornado.web.RequestHandler.write is not the one")
    assert modules == "tornado.web tornkit.engine.speedups.defaults"


OLDER = """
import logging
logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
import tornado.web
from tornkit.engine import speedups
tornado.version = "6.4"
handler = tornado.web.RequestHandler
handler.compute_etag = lambda self: None
handler.get_status = lambda self: None
speedups.install()
print(handler.finish.__module__, handler.clear.__module__)
"""


def test_a_tornado_of_another_version_is_told_of_in_one_line_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OLDER],
        capture_output=True, text=True, timeout=60, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert done.stdout.split() == ["tornado.web", "tornkit.engine.speedups.defaults"]
    [line] = done.stderr.splitlines()
    assert line.startswith(
        "INFO tornado.web.RequestHandler.compute_etag, "
        "tornado.web.RequestHandler.get_status are not the ones that tornkit knows: no speedup for "
    )


def test_nothing_happens_on_import() -> None:
    code = (
        "import tornado.web, tornkit.engine.speedups as s, tornkit.engine.server\n"
        "print(tornado.web.RequestHandler.finish.__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "tornado.web"


def test_a_second_install_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with installed():
        before = tornado.web.RequestHandler.finish
        speedups.install()
        assert tornado.web.RequestHandler.finish is before
    assert caplog.records == []
