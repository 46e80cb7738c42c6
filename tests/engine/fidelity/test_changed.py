"""A Tornado that was changed in one function, or in all, is served exactly, by what is known."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import tornado

from tornkit.engine import activity, speedups
from tornkit.engine.fidelity import texts

REPOSITORY = Path(__file__).parents[3]
PARTS = {
    texts.ENGINE: activity.ENGINE,
    texts.ROUTING: activity.ROUTING,
    texts.WEBSOCKETS: activity.WEBSOCKETS,
}
NAMES = sorted(
    name
    for part in (*PARTS, texts.SPEEDUPS)
    for name in texts.known(part)
    if texts.found(name) is not None
)
FEW = (
    "tornado.web:RequestHandler.finish",
    "tornado.http1connection:HTTP1Connection.write_headers",
    "tornado.httputil:HTTPHeaders.add",
    "tornado.routing:PathMatches.match",
    "tornado.websocket:WebSocketProtocol13._receive_frame",
)


def marks_of(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """Each takes a process of half a second: a few now, some in `.ci/run`, all for a release."""
    if name in FEW:
        return ()
    some = NAMES.index(name) % 5 == 0
    return (pytest.mark.thorough,) if some else (pytest.mark.thorough, pytest.mark.release)


def changed(folder: Path, names: Collection[str]) -> Path:
    """Copy the installed Tornado to ``folder``, with a statement more in each of these functions.

    What need not change is linked to.
    """
    package = folder / "tornado"
    package.mkdir()
    places: dict[str, list[list[str]]] = {}
    for name in names:
        module, _, path = name.partition(":")
        places.setdefault(f"{module.partition('.')[2]}.py", []).append(path.split("."))
    for file in Path(tornado.__file__).parent.iterdir():
        if file.name in places:
            (package / file.name).write_text(_with_more(file.read_text(), places[file.name]))
        elif file.name != "__pycache__":
            (package / file.name).symlink_to(file)
    return folder


def _with_more(source: str, paths: list[list[str]]) -> str:
    lines = source.splitlines(keepends=True)
    tree = ast.parse(source)
    for first in sorted({_body_of(tree, path) for path in paths}, reverse=True):
        statement = lines[first - 1]
        indentation = statement[: len(statement) - len(statement.lstrip())]
        lines.insert(first - 1, f"{indentation}changed = None\n")
    return "".join(lines)


def _body_of(tree: ast.AST, path: list[str]) -> int:
    """Line of the first statement of a function, behind its docstring."""
    node: Any = tree
    for part in path:
        node = [each for each in ast.iter_child_nodes(node) if getattr(each, "name", "") == part][
            -1
        ]
    behind = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return int((behind or node.body)[0].lineno)


def inactive(names: Collection[str]) -> set[str]:
    """Parts that can't be active where these functions are not known."""
    parts = {PARTS[part] for part in PARTS if not texts.known(part).keys().isdisjoint(names)}
    return parts | {
        each.replaced
        for each in speedups.SPEEDUPS
        if not each.supported or not {*map(speedups.full_name, each.concerned)}.isdisjoint(names)
    }


def served(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.fidelity.answering"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # The last line: one of the Tornados prints something for each bad host.
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_nothing_is_inactive_where_nothing_is_changed(tmp_path: Path) -> None:
    found = served(changed(tmp_path, ()))
    assert found["tornkit"] == found["tornado"]
    assert set(found["activity"]["inactive"]) == inactive(())
    assert found["activity"]["unknown"] == []
    *answers, first, second = found["tornkit"]
    assert all(answer.startswith("HTTP/1.1 200 ") for answer in answers[:2])
    assert (first, len(second)) == ("a", 70_000)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=marks_of(name)) for name in NAMES],
)
def test_one_function_is_changed(name: str, tmp_path: Path) -> None:
    found = served(changed(tmp_path, [name]))
    assert found["tornkit"] == found["tornado"]
    assert found["activity"]["unknown"] == [name.replace(":", ".")]
    assert set(found["activity"]["inactive"]) == inactive([name])
    assert len(found["activity"]["active"]) >= 4


def test_all_are_changed(tmp_path: Path) -> None:
    found = served(changed(tmp_path, NAMES))
    assert found["tornkit"] == found["tornado"]
    assert len(found["activity"]["unknown"]) == len(set(NAMES))
    assert {activity.ENGINE, activity.ROUTING, activity.WEBSOCKETS} <= set(
        found["activity"]["inactive"]
    )
