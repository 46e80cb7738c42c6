"""Predicts the answer to a request at the route, or the 404, that takes it.

As ``RequestHandler._execute`` goes about it: a method that the class does not support, then the
arguments decoded, then ``prepare``, then the method's own function. No handler is run; so the
answer is what routing alone makes sure of (404, 405, 400, a redirect, a handshake), or else the
function that is called with which arguments. What code of the handler's own may change about it
is said beside it (`Reply.caveats`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tornkit.regex.patterns.pattern import shown
from tornkit.routing.conditions import (
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.handlers.forwarding import Given, misfit
from tornkit.routing.handlers.redirects import BadRedirect, UnfitRedirect, location
from tornkit.routing.handlers.sure_errors import initialized_status, sure_error
from tornkit.routing.matching.asked import Asked
from tornkit.routing.matching.search import arguments
from tornkit.routing.model import ANY_METHOD, Fallback, Operation, Route, RouteTarget, TargetKind

Value = str | bytes | None
"""Argument: decoded; bytes where that fails or is not done; None for a group that took no part."""

# With one of these replaced nothing that is said below holds.
_DECISIVE = ("_execute", "get_handler_delegate")
_SUPPORTED = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")


class MatchVerdict(enum.Enum):
    """Kind of answer to a request. The value is the JSON word."""

    HANDLER = "handler"
    WEBSOCKET = "websocket"
    REDIRECT = "redirect"
    DELEGATE = "delegate"
    ERROR = "error"
    NOT_FOUND = "not found"
    METHOD_NOT_ALLOWED = "method not allowed"
    BAD_REQUEST = "bad request"
    FAILS = "fails"


@dataclass(frozen=True)
class Reply:
    """Predicted answer to a request: its kind, its status, and the function that is called.

    ``call`` is what runs, ``Post.get`` or ``function``, empty where nothing of the target's own
    does. ``status`` is set where it is sure. ``reason`` is a sentence, empty where the call says it
    all. ``allowed`` are the methods that would be answered, of a 405.
    """

    verdict: MatchVerdict
    status: int | None = None
    reason: str = ""
    call: str = ""
    args: tuple[Value, ...] = ()
    kwargs: Mapping[str, Value] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    location: str | None = None
    caveats: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether the predicted answer is better than an error."""
        if self.status is None:
            return self.verdict not in (MatchVerdict.FAILS, MatchVerdict.ERROR)
        return self.status < 400


def reply(step: Route | Fallback | None, asked: Asked, tornado: str) -> Reply:
    """Answer to a request that ends at ``step``, a route or a fallback.

    ``step`` is None at the end of a router outside of any ``Application``.

    :param tornado: the version, which decides what a redirect may do.
    """
    if step is None:
        reason = "no route takes it, and Tornado itself answers, with an empty page"
        return Reply(MatchVerdict.NOT_FOUND, 404, reason)
    raw_args, raw_kwargs = arguments(step, asked.routed)
    target = step.target
    if not _is_handler(target):
        return Reply(
            MatchVerdict.DELEGATE, call=target.short_name, args=raw_args, kwargs=dict(raw_kwargs)
        )
    deciders = [name for name in _DECISIVE if name in target.overrides]
    if deciders:
        caveat = f"{' and '.join(deciders)} of its own decides what becomes of the request"
        return Reply(MatchVerdict.HANDLER, call=target.short_name, caveats=(caveat,))
    unmakeable = _unmakeable(step)
    if unmakeable is not None:
        reason = f"{target.short_name}.initialize {unmakeable}; Tornado closes the connection"
        return Reply(MatchVerdict.FAILS, reason=reason)
    if asked.method not in _supported(target):
        reason = f"{target.short_name} does not support the method {asked.method}"
        return Reply(MatchVerdict.METHOD_NOT_ALLOWED, 405, reason, allowed=_allowed(target))
    args = tuple(_decoded(value) for value in raw_args)
    kwargs = {name: _decoded(value) for name, value in raw_kwargs.items()}
    undecodable = [value for value in (*args, *kwargs.values()) if isinstance(value, bytes)]
    if undecodable and not _is_own(target, "decode_argument"):
        reason = f"{undecodable[0]!r} is no UTF-8"
        return Reply(MatchVerdict.BAD_REQUEST, 400, reason, args=args, kwargs=kwargs)
    found = replace(_of_handler(step, asked, args, kwargs, tornado), args=args, kwargs=kwargs)
    return replace(found, caveats=(*_caveats(target, found), *found.caveats))


def _is_handler(target: RouteTarget) -> bool:
    return target.kind not in (
        TargetKind.ROUTER,
        TargetKind.DELEGATE,
        TargetKind.CALLABLE,
        TargetKind.NOTHING,
    )


def _supported(target: RouteTarget) -> tuple[str, ...] | str:
    """Supported methods of a handler; a text where the comma was forgotten, as Tornado takes it."""
    known = getattr(target.live, "SUPPORTED_METHODS", _SUPPORTED)
    return known if isinstance(known, str) else tuple(known)


def _decoded(value: bytes | None) -> Value:
    """Argument as of ``RequestHandler.decode_argument``; bytes where that would answer 400."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return value


def _of_handler(
    step: Route | Fallback,
    asked: Asked,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    tornado: str,
) -> Reply:
    target = step.target
    if _is_own(target, "prepare"):
        refused = _sure_error(step, "prepare")
        if refused is not None:
            return refused
    if target.methods == (ANY_METHOD,):
        return _whatever_the_method(step)
    if asked.method == "GET" and target.kind is TargetKind.WEBSOCKET:
        return _handshake(target, asked)
    if asked.method not in target.methods:
        if _is_own(target, "prepare") and (isinstance(step, Fallback) or not target.methods):
            call = f"{target.short_name}.prepare"
            return Reply(MatchVerdict.HANDLER, call=call, caveats=("405 if that does not answer",))
        reason = f"{target.short_name} implements no {asked.method.lower()}"
        return Reply(MatchVerdict.METHOD_NOT_ALLOWED, 405, reason, allowed=_allowed(target))
    return _calls(step, asked, args, kwargs, tornado)


def _sure_error(step: Route | Fallback, name: str) -> Reply | None:
    """An error that the handler's own function raises or sets, whatever the request is."""
    cls = step.target.live
    status = sure_error(cls, name) if isinstance(cls, type) else None
    if status is None:
        return None
    call = f"{step.target.short_name}.{name}"
    nobody = "no route takes it; by default " if isinstance(step, Fallback) else ""
    verdict = MatchVerdict.NOT_FOUND if status == 404 else MatchVerdict.ERROR
    return Reply(verdict, status, f"{nobody}{call} always answers so", call=call)


def _whatever_the_method(step: Route | Fallback) -> Reply:
    """Reply of an ``ErrorHandler`` or a ``FallbackHandler``, whatever the method."""
    target = step.target
    if target.kind is not TargetKind.ERROR:
        return Reply(MatchVerdict.DELEGATE, reason=target.detail or "", call=target.short_name)
    status = _status(step)
    if status == 404 and isinstance(step, Fallback):
        return Reply(MatchVerdict.NOT_FOUND, 404, f"no route of the {_owner(step)} takes it")
    nobody = "no route takes it; by default " if isinstance(step, Fallback) else ""
    if status is None:
        return Reply(MatchVerdict.ERROR, reason=f"{nobody}an error, by {target.short_name}")
    reason = (
        f"{nobody}{target.short_name} always answers so"
        if nobody
        else (f"which {target.short_name} always answers")
    )
    return Reply(MatchVerdict.NOT_FOUND if status == 404 else MatchVerdict.ERROR, status, reason)


def _owner(step: Fallback) -> str:
    """Name of the application that a fallback belongs to; of a nested one, with the way there."""
    scope = step.scopes[-1]
    match scope.condition:
        case PathCondition(regex) | HostCondition(regex) | DefaultHostCondition(regex):
            return f"{scope.label} under {shown(regex)}"
        case _:
            return scope.label


def _status(step: Route | Fallback) -> int | None:
    given = _keyword(step, "status_code")
    if isinstance(given, int):
        return given
    said = (step.target.detail or "").removeprefix("status ")
    if said.isdecimal():
        return int(said)
    return initialized_status(step.target.live) if isinstance(step.target.live, type) else None


def _keyword(step: Route | Fallback, name: str) -> object:
    """The live value of one of the rule's keyword arguments; None where there is none."""
    if isinstance(step, Fallback):
        return None
    return next((each.value for each in step.kwargs if each.name == name), None)


def _handshake(target: RouteTarget, asked: Asked) -> Reply:
    """Reply to a WebSocket handshake, as ``WebSocketHandler.get`` gives it."""
    call = f"{target.short_name}.open"
    if _is_own(target, "get"):
        caveat = "its own get decides about the handshake"
        return Reply(MatchVerdict.WEBSOCKET, call=call, caveats=(caveat,))
    refused = _refused_handshake(asked)
    if refused is not None:
        status, reason = refused
        return Reply(MatchVerdict.BAD_REQUEST, status, reason)
    unsure: tuple[str, ...] = ()
    if asked.header("Origin") is not None or asked.header("Sec-Websocket-Origin") is not None:
        unsure = ("its check_origin decides about the Origin, and may answer 403",)
    return Reply(MatchVerdict.WEBSOCKET, 101, call=call, caveats=unsure)


def _refused_handshake(asked: Asked) -> tuple[int, str] | None:
    """Status and reason of a refusal; None if the headers are those of a handshake."""
    if (asked.header("Upgrade") or "").lower() != "websocket":
        missing = 'the request has no header "Upgrade: websocket" (a ws:// URL adds it)'
        return 400, f"it is a WebSocket's, and {missing}"
    if "upgrade" not in (w.strip().lower() for w in (asked.header("Connection") or "").split(",")):
        return 400, 'the request has no header "Connection: Upgrade"'
    if asked.header("Sec-WebSocket-Version") != "13":
        return 426, 'the request has no header "Sec-WebSocket-Version: 13"'
    if not asked.header("Sec-WebSocket-Key"):
        return 400, "the request has no header Sec-WebSocket-Key"
    return None


def _calls(
    step: Route | Fallback,
    asked: Asked,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    tornado: str,
) -> Reply:
    """Reply to a request that reaches the method's function."""
    target = step.target
    call = f"{target.short_name}.{asked.method.lower()}"
    if isinstance(step, Route) and isinstance(step.condition, CustomCondition):
        return Reply(MatchVerdict.HANDLER, call=call, caveats=("the arguments are its matcher's",))
    wrong = None
    if isinstance(target.live, type):
        wrong = misfit(target.live, asked.method.lower(), Given(len(args), tuple(kwargs)))
    if wrong is not None:
        reason = f"{call} {wrong.problem}"
        if wrong.sure and not _is_own(target, "prepare"):  # which may change the arguments
            return Reply(MatchVerdict.FAILS, 500, reason)
        return Reply(
            MatchVerdict.HANDLER, call=call, caveats=(f"500 if called so: it {wrong.problem}",)
        )
    refused = None if _is_own(target, "prepare") else _sure_error(step, asked.method.lower())
    if refused is not None:
        return refused
    if target.name == "tornado.web.RedirectHandler":
        return _redirect(step, asked, call, args, kwargs, tornado)
    if target.name == "tornado.web.StaticFileHandler":
        missing = _missing_file(_keyword(step, "path"), [*args, *kwargs.values()])
        if missing is not None:
            return Reply(MatchVerdict.NOT_FOUND, 404, f"there is no file {missing}", call=call)
    return Reply(MatchVerdict.HANDLER, call=call)


def _redirect(
    step: Route | Fallback,
    asked: Asked,
    call: str,
    args: tuple[Value, ...],
    kwargs: Mapping[str, Value],
    tornado: str,
) -> Reply:
    url = _keyword(step, "url")
    if not isinstance(url, str):
        return Reply(MatchVerdict.HANDLER, call=call)
    try:
        where = location(url, args, kwargs, asked.query, tornado)
    except UnfitRedirect as error:
        return Reply(MatchVerdict.FAILS, 500, str(error), call=call)
    except BadRedirect as error:
        return Reply(MatchVerdict.BAD_REQUEST, 400, str(error), call=call)
    permanent = _keyword(step, "permanent")
    status = 302 if permanent is not None and not permanent else 301
    return Reply(MatchVerdict.REDIRECT, status, call=call, location=where)


def _missing_file(root: object, values: list[Value]) -> Path | None:
    """The file that would be served, if it is sure that there is none.

    All else may be a 403 or a redirect: what leaves the folder, a link, a folder.
    """
    if not isinstance(root, str) or len(values) != 1 or not isinstance(values[0], str):
        return None
    try:
        base = Path(root).resolve()
        file = base / values[0]
        if "\0" in values[0] or ".." in file.parts:
            return None
        if not file.parent.resolve().is_relative_to(base):
            return None
        return None if file.is_symlink() or file.exists() else file
    except OSError:  # too long a name
        return None


def _operation(target: RouteTarget, method: str) -> Operation | None:
    return next((each for each in target.operations if each.method == method), None)


def _unmakeable(step: Route | Fallback) -> str | None:
    """Reason why the rule's keyword arguments can't make a handler; None if none is known."""
    names = [] if isinstance(step, Fallback) else [each.name for each in step.kwargs]
    cls = step.target.live
    if isinstance(step, Fallback) or not isinstance(cls, type) or "**" in names:
        return None
    if "__init__" in step.target.overrides:
        return None
    wrong = misfit(cls, "initialize", Given(0, tuple(names)))
    return wrong.problem if wrong is not None and wrong.sure else None


def _allowed(target: RouteTarget) -> tuple[str, ...]:
    """The methods that are answered; a WebSocket's handshake is a GET."""
    if target.methods == (ANY_METHOD,):
        supported = _supported(target)
        return (supported,) if isinstance(supported, str) else supported
    return tuple("GET" if method == "WS" else method for method in target.methods)


def _caveats(target: RouteTarget, found: Reply) -> list[str]:
    """Caveats of ``found``: code of the handler's own that may change it."""
    said = []
    if _is_own(target, "decode_argument"):
        said.append("its own decode_argument may change the arguments, or refuse them")
    if _is_own(target, "prepare") and not found.call.endswith(".prepare"):
        said.append(
            "its own prepare runs first, and may answer"
            if found.answered
            else "unless its own prepare answers first"
        )
    method = (
        "WS" if found.verdict is MatchVerdict.WEBSOCKET else found.call.rpartition(".")[2].upper()
    )
    operation = _operation(target, method)
    if operation is not None and operation.authenticated:
        said.append("only for a user who is signed in (@authenticated)")
    return said


def _is_own(target: RouteTarget, name: str) -> bool:
    """Whether the handler's class or a base of it that is not Tornado's defines ``name``."""
    bases = target.live.__mro__ if isinstance(target.live, type) else ()
    owner = next((base for base in bases if name in vars(base)), None)
    return owner is not None and owner.__module__.partition(".")[0] != "tornado"
