"""The message of a worker that is ready."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tests.serve.scripted import TARGET
from tornkit.engine import activity
from tornkit.serve.config import ServeConfig
from tornkit.serve.sources import sources
from tornkit.serve.wire.messages import Claim, Ready
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker import readiness
from tornkit.serve.worker.digests import COOKIE_SECRET, ROUTES, digests
from tornkit.serve.worker.readiness import ready_message

KEY = "0a" * 16
ORDERS = Orders.of(TARGET, ServeConfig())
FILES = {"/me/b.py", "/me/a.py"}


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded two files, each as a module, and one more."""
    monkeypatch.setattr(activity, "summary", lambda chosen, loop: {"engine": chosen.engine})
    monkeypatch.setattr(readiness, "user_files", lambda own: set(FILES))
    monkeypatch.setattr(readiness, "other_modules", lambda own: ("wave", "json"))
    monkeypatch.setattr(sources, "_marks", {"/me/a.py": "1:2", "/me/b.py": "3:4", "/lib/c.py": "5"})
    monkeypatch.setattr(sources, "_names", {"a": "/me/a.py", "c": "/lib/c.py"})
    monkeypatch.setattr(sources, "_programs", set())


def app(**settings: Any) -> Application:
    return Application([("/", RequestHandler)], **settings)


def ready(*applications: Application, watched: tuple[str, ...] = ()) -> Ready:
    return ready_message(iter(applications), iter(watched), replace(ORDERS, digest_key=KEY))


def test_what_is_loaded() -> None:
    """Files in an order that is none of a set's: the supervisor compares workers."""
    assert ready() == Ready(
        files=("/me/a.py", "/me/b.py"),
        sources={"/me/a.py": "1:2", "/me/b.py": "3:4"},
        names={"a": "/me/a.py"},
        modules=("wave", "json"),
        platform={"engine": "tornkit"},
    )


def test_what_was_taken_of_what_was_offered() -> None:
    assert ready_message([], [], ORDERS, [Claim(port=80)]).claims == (Claim(port=80),)


def test_files_are_told_in_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets have another order in each process."""
    many = [f"/me/{number}.py" for number in range(100, 150)]
    monkeypatch.setattr(readiness, "user_files", lambda own: set(many))
    assert ready().files == tuple(many)


def test_a_file_that_was_loaded_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real path is told, with state and name by the path that it was loaded by."""
    (tmp_path / "real.py").touch()
    (tmp_path / "link.py").symlink_to("real.py")
    real, link = str(tmp_path.resolve() / "real.py"), str(tmp_path / "link.py")
    monkeypatch.setattr(readiness, "user_files", lambda own: {real})
    monkeypatch.setattr(sources, "_marks", {link: "1:2"})
    monkeypatch.setattr(sources, "_names", {"mine": link})
    found = ready()
    assert (found.files, found.sources, found.names) == ((real,), {link: "1:2"}, {"mine": link})


def test_what_the_program_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real paths are told, as changes are, also of files that are not there yet."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    found = ready(watched=("link/b.yaml", f"{tmp_path}/a.yaml"))
    assert found.watched == (f"{tmp_path.resolve()}/a.yaml", f"{tmp_path.resolve()}/real/b.yaml")


def test_the_folders_of_all_its_applications(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = ready(
        app(template_path="templates", static_path="shared"),
        app(),
        app(template_path=["shared", "admin"]),
    )
    here = tmp_path.resolve()
    assert found.folders == (f"{here}/admin", f"{here}/shared", f"{here}/templates")


def test_what_has_to_be_the_same_in_all_workers() -> None:
    """Each application is asked once, and all are told of under the key of the supervisor."""
    one, other = app(cookie_secret="one"), app()
    assert ready(one, other).digests == digests([one, other], bytes.fromhex(KEY))
    assert ready(one).digests.keys() == {COOKIE_SECRET, ROUTES}
    other_key = replace(ORDERS, digest_key="0b" * 16)
    assert ready_message([one], [], other_key).digests != ready(one).digests
