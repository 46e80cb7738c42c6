"""A handler for a project: its file, its route, its page and a test that passes.

The files come from the folder ``handler/`` beside the templates' layers, of the version that made
the project; the route goes into the project's list (`tornkit.scaffold.route_list`).
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tornkit.errors import ConflictError, TornkitError, UsageError
from tornkit.regex.patterns.sample import examples
from tornkit.scaffold import answers, history, plan, rendering, route_list
from tornkit.scaffold.answers import Answers
from tornkit.scaffold.plan import PlannedFile
from tornkit.scaffold.route_list import NewRoute, NoRouteList
from tornkit.scaffold.writing import Changes

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*", re.ASCII)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST = 40
_PIECE = "app.py.part"
"""Of a project in one file: what goes into that, before its routes."""


@dataclass(frozen=True)
class HandlerName:
    """The name of a handler, in the spellings that its files need."""

    words: tuple[str, ...]

    @property
    def module(self) -> str:
        return "_".join(self.words)

    @property
    def handler(self) -> str:
        return "".join(word.capitalize() for word in self.words) + "Handler"

    @property
    def dashed(self) -> str:
        """The name with dashes (``todo-list``), for URLs, pages and the route's name."""
        return "-".join(self.words)

    @property
    def title(self) -> str:
        return " ".join(self.words).capitalize()


def parse_name(name: str) -> HandlerName:
    """Parse a handler's name: ``todo_list``, ``TodoList`` and ``TodoListHandler`` are one.

    :raises UsageError: it can't name a handler.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} can't name a handler: write it as todo_list or TodoList")
    words = tuple(word.lower() for part in re.split("[_-]", name) for word in _WORD.findall(part))
    if len(words) > 1 and words[-1] == "handler":
        words = words[:-1]
    found = HandlerName(words)
    if len(found.module) > _LONGEST:
        raise UsageError(f"{name!r} is too long for a handler's name ({_LONGEST} letters)")
    if keyword.iskeyword(found.module):
        raise UsageError(f"{name!r} is a Python keyword: try {found.module}_page")
    return found


@dataclass(frozen=True)
class HandlerPath:
    """Pattern of a route, with the parameters that its groups give and a path that it matches."""

    pattern: str
    parameters: tuple[str, ...]
    example: str


def parse_path(path: str) -> HandlerPath:
    """Parse a route's path: a path as it stands, or with brackets or backslashes a regex.

    :raises UsageError: it is neither.
    """
    if not path.startswith("/") or not path.isprintable() or '"' in path or " " in path:
        raise UsageError(f"{path!r} can't be a route's path: it begins with /, as /todo")
    pattern = path if re.search(r"[\\()\[\]{}*+?|^$]", path) else path.replace(".", r"\.")
    try:
        regex = re.compile(pattern + "$")
    except re.error as error:
        raise UsageError(f"{path!r} is no regex: {error}") from None
    if regex.groupindex and len(regex.groupindex) != regex.groups:
        raise UsageError(f"{path!r} has groups with names and without: choose one")
    example = next((each.text for each in examples(regex)), None)
    if example is None:
        raise UsageError(f"{path!r} matches no path that could be found")
    unnamed = ("key", *(f"key_{number}" for number in range(2, regex.groups + 1)))
    names = tuple(regex.groupindex) or unnamed[: regex.groups]
    if unusable := [name for name in names if keyword.iskeyword(name) or name == "self"]:
        raise UsageError(f"{path!r}: {unusable[0]} can't name a parameter")
    return HandlerPath(pattern, names, example)


def handler(root: Path, shown: str, name: str, path: str | None, *, websocket: bool) -> Changes:
    """The changes that give the project in ``root`` a handler.

    :raises UsageError: there is no project, or a name, a path or the list of routes is not usable.
    :raises ConflictError: files of that name are there.
    """
    given = answers.read(root)
    called = parse_name(name)
    beginning = "/api/v1/" if given.template == "api" and not websocket else "/"
    way = parse_path(path if path is not None else f"{beginning}{called.dashed}")
    values = _values(given, called, way)
    kind = _kind(given.template, websocket=websocket)
    made = list(_rendered(given, kind, called, values))
    taken = [str(Path(shown, file.path)) for file in made if (root / file.path).exists()]
    if taken:
        raise ConflictError(
            f"{called.module} is there already, so nothing was written: choose another name", taken
        )
    parts = [file for file in made if file.path.name == _PIECE]
    route = NewRoute(way.pattern, called.handler, called.dashed)
    edited = _edited(root, given, route, parts[0].content.decode() if parts else None)
    files = (*(file for file in made if file not in parts), edited)
    return Changes(root, shown, tuple(sorted(files, key=lambda file: file.path)))


def _kind(template: str, *, websocket: bool) -> str:
    """Name of the folder below ``handler/`` with the files for a project's template."""
    if template == "minimal":
        return "minimal-websocket" if websocket else "minimal"
    if websocket:
        return "websocket"
    return "api" if template == "api" else "page"


def _values(given: Answers, called: HandlerName, way: HandlerPath) -> dict[str, Any]:
    signature = "".join(f", {name}: str" for name in way.parameters)
    return given.values | {
        "module": called.module,
        "handler": called.handler,
        "dashed": called.dashed,
        "title": called.title,
        "signature": signature,
        "parameters": way.parameters,
        "arguments": ", ".join(f"{name}={name}" for name in way.parameters),
        "example": way.example.replace("\\", "\\\\"),
    }


def _rendered(
    given: Answers, kind: str, called: HandlerName, values: dict[str, Any]
) -> Iterator[PlannedFile]:
    folder = history.templates_of(given.version) / "handler" / kind
    if not folder.is_dir():
        raise TornkitError(
            f"tornkit {given.version}, of which the project is, could not add handlers: "
            "run tornkit update first"
        )
    spelled = {"PACKAGE": given.name.package, "MODULE": called.module, "DASHED": called.dashed}
    for path, data in plan.files_in(folder, PurePosixPath()):
        place = str(path.with_suffix(""))  # .tmpl
        for word, meant in spelled.items():
            place = place.replace(word, meant)
        text = rendering.render(data.decode(), values, str(path))
        yield PlannedFile(PurePosixPath(place), text.encode())


def _edited(root: Path, given: Answers, route: NewRoute, code: str | None) -> PlannedFile:
    """Plan the routes' file with ``route`` added; where that is the only file, its class too."""
    package = given.name.package
    path = PurePosixPath("app.py") if code is not None else PurePosixPath(package, "routes.py")
    imported = f"{package}.handlers.{route.name.replace('-', '_')}"
    by_hand = f'url(r"{route.pattern}", {route.handler}, name="{route.name}")'
    try:
        source = (root / path).read_bytes().decode()
        taken = route_list.names_of_routes(source)
        if route.name in taken:
            raise UsageError(f"{path} has a route named {route.name}: choose another name")
        source = route_list.with_route(source, route)
        if code is None:
            source = route_list.with_import(source, imported, route.handler)
        else:
            source = _with_class(source, code)
    except (FileNotFoundError, UnicodeDecodeError, NoRouteList):
        raise UsageError(
            f"there is no list ROUTES = [...] in {path}, so nothing was written: have one that "
            f"ends with {by_hand}"
        ) from None
    return PlannedFile(path, source.encode())


def _with_class(source: str, code: str) -> str:
    source = route_list.before_routes(source, code)
    if "WebSocketHandler" in code:
        return route_list.with_import(source, "tornado.websocket", "WebSocketHandler")
    if not route_list.binds(source, "RequestHandler"):
        return route_list.with_import(source, "tornado.web", "RequestHandler")
    return source
