"""TK401, TK402, TK403, TK404: what a route hands to its handler, and whether that can take it.

Each rule is judged as Tornado calls it: groups go to the method (a WebSocket's to ``open``), all by
position or all by name; keyword arguments to ``initialize``. What code of the user's own may change
on the way is not reported as wrong but as undecided, with the reason, and only if it would be
wrong without that code. Copies of a host's routes under ``default_host`` are judged once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tornkit.routing.findings.codes import finding
from tornkit.routing.handlers.fits import listed, spelled
from tornkit.routing.handlers.forwarding import Given, Misfit, misfit, to_tornado
from tornkit.routing.handlers.given import changed_by, doubt, given, said
from tornkit.routing.handlers.ready_made import (
    beside_a_file,
    folder_maker,
    missing_folder,
    unfillable_redirect,
    unusable_path,
)
from tornkit.routing.handlers.slashes import some_get_through
from tornkit.routing.model import (
    Finding,
    Keyword,
    Origin,
    Route,
    RouteTable,
    TargetKind,
)

_PASSED_BY_TORNADO = ("application", "request")  # to `RequestHandler.__init__`
_METHODS = frozenset({"get", "head", "post", "put", "delete", "patch", "options"})


@dataclass(frozen=True)
class _Claim:
    """Fault of a route, as code and message; ``but`` says why it is not sure."""

    code: str
    message: str
    but: str | None = None


def check(table: RouteTable) -> Iterator[Finding]:
    """Findings of routes whose handlers can't take what they are given, or have no method."""
    maker = functools.cache(lambda: folder_maker(table.places.python))
    # static_path makes three routes of one folder; the last is the one that people think of.
    inserted = {r.router: r.index for r in table.routes if r.origin is Origin.TORNADO}
    for route in table.routes:
        cls = route.target.live
        if not isinstance(cls, type) or route.is_copy or route.opens is not None:
            continue
        if route.origin is Origin.TORNADO and inserted[route.router] != route.index:
            continue
        for claim in (*_claims(route, cls), *_folder(route, table.places.python, maker)):
            yield _finding(route, claim)


def _finding(route: Route, claim: _Claim) -> Finding:
    but = claim.but or doubt(route)
    if but is None:
        return finding(claim.code, claim.message, route=route.index, where=route.where)
    message = f"undecided: {claim.message}; but {but}"
    return finding("TK000", message, route=route.index, where=route.where)


def _claims(route: Route, cls: type) -> Iterator[_Claim]:
    yield from _methods(route, cls)
    groups = given(route)
    if groups is not None and "_execute" not in route.target.overrides:
        yield from _groups(route, cls, groups)
        redirect = unfillable_redirect(route, groups)
        if redirect is not None:
            yield _Claim("TK404", redirect)
    yield from _keywords(route, cls)


def _folder(
    route: Route, files: Sequence[str], maker: Callable[[], str | None]
) -> Iterator[_Claim]:
    unusable = unusable_path(route)
    if unusable is not None:
        yield _Claim("TK404", unusable)
    message = missing_folder(route)
    if message is None:
        return
    but: str | None = None
    beside, line = beside_a_file(route, files), maker()
    if beside is not None:
        but = f"{beside} does, and a relative path counts from where the program is started"
    elif line is not None:
        but = f"{line} makes folders, perhaps this one"
    yield _Claim("TK404", message, but)


# ---- TK403 ----


def _methods(route: Route, cls: type) -> Iterator[_Claim]:
    if route.target.methods or {"prepare", "_execute"} & set(route.target.overrides):
        return
    changed = changed_by(cls, _METHODS)
    message = f"{route.target.short_name} implements no method: every request is answered with 405"
    yield _Claim("TK403", message, None if changed is None else f"{changed} may give it one")


# ---- TK401, and TK404 for static routes ----


def _groups(route: Route, cls: type, groups: Given) -> Iterator[_Claim]:
    """Claims about regex groups that the HTTP methods do not take; equal claims are merged."""
    found: dict[tuple[Misfit, str | None], list[str]] = {}
    for name, handed, but in _calls(route, cls, groups):
        wrong = misfit(cls, name, handed)
        if wrong is None:
            continue
        called = not wrong.gates or some_get_through(route, name, wrong.gates)
        if called is not False:
            but = but or _but(route, cls, wrong, called)  # noqa: PLW2901 - what speaks against it
            found.setdefault((wrong, but), []).append(name)
    static = route.target.kind is TargetKind.STATIC and "get" not in route.target.overrides
    for (wrong, but), names in found.items():
        if static:
            needs = "a static route needs one group, unnamed or named 'path', for the file"
            yield _Claim("TK404", f"{needs}: {said(groups)}", but)
            return
        call = " and ".join(spelled(name, wrong.parameters) for name in names)
        problem = wrong.problem if len(names) == 1 else f"each {wrong.problem}"
        others = "" if wrong.given == groups else ", and a decorator passes something else"
        yield _Claim("TK401", f"{call} {problem}: {said(groups)}{others}", but)


def _calls(route: Route, cls: type, groups: Given) -> Iterator[tuple[str, Given, str | None]]:
    """Methods that are called with the groups: name, arguments, and why these are not sure."""
    for each in route.target.operations:
        if each.method != "WS":
            yield each.method.lower(), groups, None
        elif "get" not in route.target.overrides:
            yield "open", groups, None
        else:
            # A handshake goes through `get`, and Tornado's own hands its arguments on.
            yield "get", groups, None
            handed = to_tornado(cls, "get", groups)
            yield "open", handed or groups, None if handed else "its get may pass others"


def _but(route: Route, cls: type, wrong: Misfit, called: bool | None) -> str | None:
    """Doubt about a misfit: code that may call the method with something else; else None.

    :param called: whether it is called at all; None if that is not known.
    """
    if called is None:
        gates = " and ".join(dict.fromkeys(gate.value for gate in wrong.gates))
        return f"{gates} may answer whatever the pattern matches"
    if not wrong.sure:
        return "a decorator may pass others"
    answering = {each.method.lower() for each in route.target.operations}
    changed = changed_by(cls, frozenset(answering | {"open"}))
    return None if changed is None else f"{changed} may change them"


# ---- TK402 ----


def _keywords(route: Route, cls: type) -> Iterator[_Claim]:
    names = [each.name for each in route.kwargs]
    if "**" in names:
        yield from _no_mapping(route.kwargs[0])
    elif "__init__" in route.target.overrides:
        yield from _through_init(cls, names)
    elif clash := [name for name in _PASSED_BY_TORNADO if name in names]:
        message = f"Tornado itself passes {listed(clash)} to every handler: call it otherwise"
        yield _Claim("TK402", message)
    else:
        yield from _initialize(cls, names, names)


def _no_mapping(keyword: Keyword) -> Iterator[_Claim]:
    if not hasattr(type(keyword.value), "keys"):
        message = (
            f"the rule's third element is {keyword.shown} and no dict of keyword arguments; "
            "a name is the fourth, or name=..."
        )
        yield _Claim("TK402", message)


def _through_init(cls: type, names: list[str]) -> Iterator[_Claim]:
    """Claims about a handler with an ``__init__`` of its own; Tornado's calls ``initialize``."""
    handed = Given(len(_PASSED_BY_TORNADO), tuple(names))
    wrong = misfit(cls, "__init__", handed)
    if wrong is None:
        left = to_tornado(cls, "__init__", handed)
        if left is not None and left.count == handed.count:
            yield from _initialize(cls, names, left.names)
    elif wrong.sure:
        call = spelled("__init__", wrong.parameters)
        yield _Claim("TK402", f"{call} {wrong.problem}: {_handed(names)}")


def _initialize(cls: type, names: list[str], left: Sequence[str]) -> Iterator[_Claim]:
    """Claims about the keyword arguments that ``initialize`` gets.

    :param left: what an ``__init__`` of the handler's own leaves of ``names``.
    """
    wrong = misfit(cls, "initialize", Given(0, tuple(left)))
    if wrong is None or not wrong.sure:
        return
    function = getattr(cls, "initialize", None)
    if not wrong.parameters and getattr(function, "__module__", "").startswith("tornado."):
        yield _Claim("TK402", f"{cls.__name__} has no initialize that takes {listed(left)}")
    else:
        call = spelled("initialize", wrong.parameters)
        yield _Claim("TK402", f"{call} {wrong.problem}: {_handed(names)}")


def _handed(names: list[str]) -> str:
    return f"the rule gives {listed(names)}" if names else "the rule gives no keyword arguments"
