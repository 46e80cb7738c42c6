"""One method of one route as an OpenAPI Operation Object.

Only what is known is said: the status codes that Tornado itself gives (a redirect's, a
handshake's, that of ``@authenticated``), a schema where an annotation says what a method returns,
and ``default`` for the rest. How a user signs in is the application's own affair: there is no
security scheme, but ``x-authenticated``.
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from typing import Any

from tornkit.routing.model import (
    ANY_METHOD,
    Operation,
    Parameter,
    ParameterKind,
    Route,
    RouteTarget,
    TargetKind,
)
from tornkit.routing.openapi.patterns import may_hold
from tornkit.routing.openapi.places import path_regex
from tornkit.routing.openapi.schemas import Schema, Schemas
from tornkit.routing.openapi.templates import PathTemplate, Slot, schema

METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
"""Methods that a Path Item Object has a field for."""

_POSITIONAL = (ParameterKind.POSITIONAL_ONLY, ParameterKind.EITHER)
_NUMBERS = {"integer": string.digits, "number": string.digits + ".-"}


def operations_of(route: Route) -> list[tuple[str, Operation]]:
    """Operations of a route, each with its HTTP method; a WebSocket's handshake is a GET.

    A target that sees every request whatever its method stands under GET, for there is no word
    for "any" in OpenAPI.
    """
    known = {operation.method: operation for operation in route.target.operations}
    return [
        ("GET" if method in ("WS", ANY_METHOD) else method, known.get(method, Operation(method)))
        for method in route.target.methods
    ]


def names_for(template: PathTemplate, route: Route) -> list[str]:
    """Distinct parameter names for a template's slots: the group's, else the method parameter's."""
    regex = path_regex(route)
    named = {number: name for name, number in regex.groupindex.items()} if regex else {}
    names: list[str] = []
    for place, slot in enumerate(template.slots):
        last = place == len(template.slots) - 1
        wanted = _name(slot, named, route, last=last and template.parts[-1] == slot)
        name, number = wanted, 2
        while name in names:
            name, number = f"{wanted}{number}", number + 1
        names.append(name)
    return names


def parameter(name: str, found: Sequence[Schema], *, unused: bool) -> dict[str, Any]:
    """Parameter Object of a path parameter; ``found`` are schemas that its values may satisfy."""
    distinct = list({json.dumps(each, sort_keys=True): each for each in found}.values())
    made: dict[str, Any] = {"name": name, "in": "path", "required": True}
    if unused:
        made["description"] = "Not handed to the handler."
    return {**made, "schema": distinct[0] if len(distinct) == 1 else {"anyOf": distinct}}


def slot_schema(slot: Slot, route: Route, operation: Operation, schemas: Schemas) -> Schema:
    """Schema of a slot: all that its regex lets through, narrowed by its parameter's annotation."""
    base = schema(slot, path_regex(route))
    taker = _taker(slot, route, operation)
    if taker is None or taker.annotation is None:
        return base
    known = schemas.of(taker.annotation)
    return base if known is None else _narrowed(base, known, slot)


def operation_object(route: Route, method: str, operation: Operation, schemas: Schemas) -> Schema:
    """Operation Object of a route's method, without its parameters, servers and id."""
    target = route.target
    summary, description = _texts(target, operation)
    made: dict[str, Any] = {"tags": [tag(target)]}
    if summary:
        made["summary"] = summary
    if description:
        made["description"] = description
    if target.kind is TargetKind.WEBSOCKET and operation.method == "WS":
        made["x-websocket"] = True
    if operation.authenticated:
        made["x-authenticated"] = True
    if operation.method == ANY_METHOD:
        made["x-tornkit-any-method"] = True
    if route.uncertain:
        made["x-tornkit-uncertain"] = True
    made["x-tornkit-handler"] = target.name
    if route.name is not None:
        made["x-tornkit-name"] = route.name
    return {**made, "responses": _responses(route, method, operation, schemas)}


def tag(target: RouteTarget) -> str:
    """Tag of a target, from its module: ``blog.handlers.posts.Post`` -> ``posts``."""
    module = getattr(target.live, "__module__", None)
    if not isinstance(module, str):
        module = target.name.rpartition(".")[0] or target.name
    return module.rpartition(".")[2].strip("_")


def _name(slot: Slot, named: dict[int, str], route: Route, *, last: bool) -> str:
    if slot.group is None:
        return "rest" if last else "part"
    if slot.group in named:
        return named[slot.group]
    for operation in route.target.operations:
        taker = _taker(slot, route, operation)
        if taker is not None:
            return taker.name
    return "path" if route.target.kind is TargetKind.STATIC else f"arg{slot.group}"


def _taker(slot: Slot, route: Route, operation: Operation) -> Parameter | None:
    """The parameter that gets the slot's group, by name or by position (`PathMatches.match`)."""
    regex = path_regex(route)
    if slot.group is None or regex is None or operation.parameters is None:
        return None
    if regex.groupindex:
        named = {number: name for name, number in regex.groupindex.items()}
        return next(
            (each for each in operation.parameters if each.name == named.get(slot.group)), None
        )
    positional = [each for each in operation.parameters if each.kind in _POSITIONAL]
    return positional[slot.group - 1] if slot.group <= len(positional) else None


def _narrowed(base: Schema, known: Schema, slot: Slot) -> Schema:
    """Schema of ``base`` and ``known`` together, where they agree; else ``base``.

    Tornado hands over text: a number is one only where the pattern lets nothing else through.
    """
    known = _without_null(known)
    kind = known.get("type")
    if not slot.whole:
        return base
    if kind in _NUMBERS and "enum" not in base and _only(slot, _NUMBERS[kind]):
        pattern = {"x-tornkit-pattern": base["pattern"]} if "pattern" in base else {}
        return {**known, **pattern}
    if kind == "boolean" and set(base.get("enum", "?")) <= {"true", "false"}:
        return {"type": "boolean"}
    if "$ref" in known or (kind == "string" and "enum" not in base):
        return {**base, **known}
    return base


def _without_null(known: Schema) -> Schema:
    """Schema of a type without null: ``str | None`` is ``str``.

    A parameter in a path is never absent.
    """
    options = [each for each in known.get("anyOf", ()) if each != {"type": "null"}]
    return options[0] if len(options) == 1 else known


def _only(slot: Slot, characters: str) -> bool:
    others = set(string.printable) - set(characters) - set(string.whitespace)
    return not any(may_hold(slot.items, other) for other in others)


def _texts(target: RouteTarget, operation: Operation) -> tuple[str, str]:
    """Summary and description, from the docstring of the method, else of the class.

    What Tornado's own classes say of themselves is meant for those who write handlers.
    """
    inherited = operation.method in ("GET", "WS") and _is_tornados(operation.method, target)
    own = not target.name.startswith("tornado.")
    doc = (None if inherited else operation.doc) or (target.doc if own else None)
    summary, _, description = (doc or "").strip().partition("\n")
    if not summary and inherited and target.kind is TargetKind.REDIRECT and target.detail:
        return f"Redirects {target.detail}", ""
    if not summary and inherited and target.kind is TargetKind.STATIC:
        return "Static files", ""
    if not summary and target.detail:
        return target.detail[:1].upper() + target.detail[1:], ""
    return summary.strip(), description.strip()


def _is_tornados(method: str, target: RouteTarget) -> bool:
    """Whether Tornado's own ``get`` or ``open`` answers."""
    return ("open" if method == "WS" else "get") not in target.overrides


def _responses(route: Route, method: str, operation: Operation, schemas: Schemas) -> Schema:
    found: dict[str, Any] = {}
    kind = route.target.kind if _is_tornados("GET", route.target) else None
    if operation.method == "WS":
        found["101"] = {"description": "The connection becomes a WebSocket."}
    elif kind is TargetKind.REDIRECT and method == "GET":
        found[_redirect_status(route)] = {
            "description": f"Redirects {route.target.detail or ''}".strip() + ".",
            "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
        }
    elif kind is TargetKind.STATIC and method in ("GET", "HEAD"):
        found["200"] = {"description": "The file."}
        found["404"] = {"description": "There is no such file."}
    if operation.authenticated and not operation.admits_first:
        found |= _unauthenticated(method)
    returned = schemas.result(operation.returns) if operation.returns is not None else None
    if returned is not None:
        found["2XX"] = {
            "description": "What the method returns.",
            "content": {"application/json": {"schema": returned}},
        }
    return {**found, "default": {"description": "Whatever else the handler answers."}}


def _unauthenticated(method: str) -> dict[str, Any]:
    """Response of ``tornado.web.authenticated`` where there is no current user."""
    if method in ("GET", "HEAD"):
        return {"302": {"description": "Nobody is signed in: to the login page."}}
    return {"403": {"description": "Nobody is signed in."}}


def _redirect_status(route: Route) -> str:
    """Status as of ``RedirectHandler.initialize``: permanent unless the rule says otherwise."""
    for keyword in route.kwargs:
        if keyword.name == "permanent":
            return "301" if keyword.value else "302"
    return "301"
