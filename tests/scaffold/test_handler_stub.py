"""Handlers for a project: names, paths, files."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tornkit
from tests.scaffold.folders import fill, snapshot
from tornkit.errors import ConflictError, TornkitError, UsageError
from tornkit.scaffold import catalogue, handler_stub, names, plan, writing
from tornkit.scaffold.answers import Answers, read


@pytest.mark.parametrize(
    "name",
    ["todo_list", "todo-list", "TodoList", "todoList", "TodoListHandler", "todo_list_handler"],
)
def test_one_name_in_all_its_spellings(name: str) -> None:
    called = handler_stub.parse_name(name)
    assert called.module == "todo_list"
    assert called.handler == "TodoListHandler"
    assert called.dashed == "todo-list"
    assert called.title == "Todo list"


@pytest.mark.parametrize(
    ("name", "module"), [("APIKeys", "api_keys"), ("feed2", "feed_2"), ("Handler", "handler")]
)
def test_words_of_a_name(name: str, module: str) -> None:
    assert handler_stub.parse_name(name).module == module


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "café", "a__b", "class", "_x", "a.b", "../a", "a" * 41]
)
def test_no_names(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        handler_stub.parse_name(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "pattern", "parameters", "example"),
    [
        ("/todo", "/todo", (), "/todo"),
        ("/feed.xml", r"/feed\.xml", (), "/feed.xml"),
        (r"/todo/([0-9]+)", r"/todo/([0-9]+)", ("key",), "/todo/1"),
        (r"/(\w+)/(\w+)", r"/(\w+)/(\w+)", ("key", "key_2"), "/a/a"),
        (r"/(?P<year>\d{4})/x\.y", r"/(?P<year>\d{4})/x\.y", ("year",), "/1111/x.y"),
    ],
)
def test_paths(path: str, pattern: str, parameters: tuple[str, ...], example: str) -> None:
    found = handler_stub.parse_path(path)
    assert (found.pattern, found.parameters, found.example) == (pattern, parameters, example)


@pytest.mark.parametrize(
    "path",
    ["", "todo", "/a b", '/"', "/a\n", "/(", r"/(?P<a>x)(y)", r"/(?P<class>x)", r"/(?!)x", "/\x1b"],
)
def test_no_paths(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        handler_stub.parse_path(path)
    assert "\n" not in str(caught.value)


@pytest.fixture(params=catalogue.TEMPLATES)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return made(tmp_path / "demo", request.param)


def made(root: Path, template: str) -> Path:
    given = Answers(names.parse("demo"), template, frozenset(), "tornkit>=0")
    files = plan.files_of(given, plan.templates())
    return fill(root, {str(file.path): file.content for file in files})


def add(root: Path, name: str, path: str | None = None, *, websocket: bool = False) -> list[str]:
    """Add a handler; the files that were written."""
    changes = handler_stub.handler(root, "demo", name, path, websocket=websocket)
    writing.write(changes)
    return [str(file.path) for file in changes.files]


@pytest.mark.parametrize("websocket", [False, True])
def test_files(root: Path, websocket: bool) -> None:
    template = read(root).template
    written = add(root, "TodoList", r"/lists/(\w+)", websocket=websocket)
    expected = {
        "minimal": ["app.py", "tests/test_todo_list.py"],
        "site": ["demo/handlers/todo_list.py", "demo/routes.py", "demo/templates/todo-list.html",
                 "tests/test_todo_list.py"],
    }  # fmt: skip
    expected["realtime"] = expected["site"]
    expected["api"] = [path for path in expected["site"] if not path.endswith(".html")]
    plain = [path for path in expected[template] if not (websocket and path.endswith(".html"))]
    assert written == plain
    for path in written:
        text = (root / path).read_text()
        assert "@@" not in text
        if path.endswith(".py"):
            ast.parse(text)
    routes = (root / ("app.py" if template == "minimal" else "demo/routes.py")).read_text()
    assert r'url(r"/lists/(\w+)", TodoListHandler, name="todo-list"),' in routes


def test_a_path_of_its_own(tmp_path: Path) -> None:
    for template, path in (("site", "/todo-list"), ("api", "/api/v1/todo-list")):
        root = made(tmp_path / template, template)
        add(root, "todo_list")
        assert f'url(r"{path}", TodoListHandler' in (root / "demo" / "routes.py").read_text()


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    root = made(tmp_path / "demo", "site")
    add(root, "todo")
    before = snapshot(root)
    with pytest.raises(ConflictError, match="todo is there already") as caught:
        add(root, "Todo", "/other")
    assert "demo/demo/handlers/todo.py" in caught.value.paths
    with pytest.raises(UsageError, match="has a route named delete-note"):
        add(root, "delete_note")
    assert snapshot(root) == before


def test_routes_that_are_not_found_are_for_the_user_to_write(tmp_path: Path) -> None:
    root = made(tmp_path / "demo", "site")
    (root / "demo" / "routes.py").write_text("ROUTES = make_routes()\n")
    before = snapshot(root)
    with pytest.raises(UsageError) as caught:
        add(root, "todo")
    assert 'ends with url(r"/todo", TodoHandler, name="todo")' in str(caught.value)
    assert "\n" not in str(caught.value)
    assert snapshot(root) == before


def test_an_older_version_without_handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path / "demo", "site")
    monkeypatch.setattr(plan, "templates", lambda: tmp_path)
    with pytest.raises(TornkitError, match=f"tornkit {tornkit.__version__}, .* could not add"):
        add(root, "todo")
