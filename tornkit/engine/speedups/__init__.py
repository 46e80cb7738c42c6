"""Faster bodies for `tornado.web`'s busiest methods: the same results, in a fraction of the time.

    install()       puts them in the place of Tornado's; `tornkit serve` does, importing does not
    uninstall()     puts Tornado's back
    look()          does what can be done before, once for all processes that are forked
    construction.py defaults.py writing.py finishing.py     methods of `RequestHandler`
    arguments.py cookies.py   what handlers ask for
    jsons.py escaping.py      what `write` and templates call
    execution.py    how a handler is started; body.py is what it does, task.py in which task

WebSockets are served by `tornkit.engine.websocket` from then on, and routers that are made then
count the changes of their rules (`tornkit.engine.routers.counted_rules`).

Whether a method of Tornado's is the one that a speedup was written against is for
`tornkit.engine.fidelity.texts` to say. Each replaces one method and is called as that would be, so
subclasses, ``super()``, mixins and monkeypatches work as ever. Where one leaves out calls of
Tornado's to methods that an application may have overridden, it looks each time whether anybody
has, and calls Tornado's own if so.
`finishing` and `execution` say how, and what it costs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tornado
from tornado import escape, httputil, routing, web

from tornkit.engine import websocket
from tornkit.engine.fidelity import replaced, source_digests, texts
from tornkit.engine.fidelity.class_versions import KnownInHeirs
from tornkit.engine.routers import counted_rules, direct, edits
from tornkit.engine.speedups import (
    arguments,
    construction,
    cookies,
    defaults,
    escaping,
    execution,
    finishing,
    jsons,
    writing,
)
from tornkit.engine.speedups import task as tasks

_log = logging.getLogger("tornkit")
_SHOWN = 3  # names of a list, before their number is told


@dataclass(frozen=True)
class Speedup:
    """Stand-in for a method of `tornado.web`, and the methods that it was seen to depend on.

    ``replaced`` is "Class.method", or "module.function"; ``relies_on`` are others whose work it
    does, or leaves out.
    """

    replaced: str
    by: Callable[..., Any]
    relies_on: tuple[str, ...] = ()
    supported: bool = True

    @property
    def concerned(self) -> tuple[str, ...]:
        """All methods that have to be as they were known."""
        return (self.replaced, *self.relies_on)


SPEEDUPS = (
    Speedup("RequestHandler.__init__", construction.initialise, ("_UIModuleNamespace.__init__",)),
    Speedup(
        "RequestHandler.clear",
        defaults.clear,
        (
            *(f"httputil.HTTPHeaders.{name}" for name in defaults.HEADERS_METHODS),
            "httputil.format_timestamp",
        ),
    ),
    Speedup(
        "RequestHandler.write",
        writing.write,
        (
            "RequestHandler._convert_header_value",
            "RequestHandler.set_header",
            *(f"httputil.HTTPHeaders.{name}" for name in defaults.HEADERS_METHODS),
        ),
    ),
    Speedup(
        "RequestHandler.finish",
        finishing.finish,
        (
            *(f"RequestHandler.{name}" for name in finishing.RELIED_ON),
            "Application.log_request",
            *(f"httputil.HTTPHeaders.{name}" for name in finishing.HEADERS_METHODS),
            "httputil.HTTPHeaders.__getitem__",
        ),
    ),
    Speedup(
        "RequestHandler.get_cookie",
        cookies.get_cookie,
        ("httputil.HTTPServerRequest.cookies", "httputil.parse_cookie"),
    ),
    Speedup(
        "RequestHandler._get_arguments",
        arguments.get_arguments,
        ("RequestHandler.decode_argument",),
    ),
    Speedup("escape.json_encode", jsons.json_encode, supported=jsons.SUPPORTED),
    Speedup("escape.xhtml_escape", escaping.xhtml_escape, ("escape.to_unicode",)),
    Speedup("escape.utf8", escaping.utf8),
    Speedup("routing.RuleRouter.__init__", counted_rules.initialise),
    Speedup(
        "_HandlerDelegate.execute",
        execution.execute,
        (
            *(f"_HandlerDelegate.{name}" for name in direct.METHODS if name != "execute"),
            "Application.get_handler_delegate",
            "RequestHandler._execute",
            "_has_stream_request_body",
            "httputil.HTTPServerRequest._parse_body",
            "httputil.parse_body_arguments",
        ),
        supported=tasks.SUPPORTED,
    ),
)

# What is in none of these is in `tornado.web`.
_MODULES = {"escape": escape, "httputil": httputil, "routing": routing}

_installed = False
_unknown: frozenset[str] = frozenset()  # as `install` has found them
_own: dict[str, Any] = {}  # of the methods that are replaced at the moment, Tornado's


def install(*, tells: bool = True) -> None:
    """Put the speedups in place, of WebSockets too, but for those that do not fit this Tornado.

    What does not is named in the log if this ``tells``, and Tornado's own stays. To call it again
    does nothing.
    """
    global _installed, _unknown  # noqa: PLW0603 - a process has one Tornado
    if _installed:
        return
    with source_digests.forgotten():
        strange = _unknown = unknown()
    _installed = True
    for speedup in SPEEDUPS:
        if speedup.supported and strange.isdisjoint(speedup.concerned):
            owner, name = _place(speedup.replaced)
            _own[speedup.replaced] = vars(owner)[name]
            setattr(owner, name, speedup.by)
    if strange and tells:
        _tell(strange, [each.replaced for each in SPEEDUPS if each.replaced not in _own])
    _remember_what_is_known()
    # The first table would begin to, in the first request: what is set in a class then has the
    # engine look once more whether anything of Tornado's was replaced (`fidelity.replaced`).
    edits.watch()
    with source_digests.forgotten():
        websocket.install()


def look() -> None:
    """Read Tornado's texts in a process whose forks are going to `install`.

    Each fork would read them, and keep them: 3 ms and 1.4 MiB for each worker. What Tornado is by
    then, each still looks for itself.
    """
    with source_digests.forgotten():
        unknown()
        websocket.unknown()
        texts.unknown(texts.ROUTING)
    replaced.prepare()


def uninstall() -> None:
    """Put Tornado's own methods back, but for those that were replaced by others since."""
    global _installed  # noqa: PLW0603 - a process has one Tornado
    websocket.uninstall()
    direct.uninstall()
    if vars(web.RequestHandler).get("ui") is construction.ui:
        del web.RequestHandler.ui  # type: ignore[misc]
    for speedup in SPEEDUPS:
        owner, name = _place(speedup.replaced)
        if speedup.replaced in _own and vars(owner)[name] is speedup.by:
            setattr(owner, name, _own[speedup.replaced])
    _own.clear()
    _installed = False


def _remember_what_is_known() -> None:
    """Give the speedups the methods of Tornado's that they compare with, each time they run."""
    handler = web.RequestHandler
    construction.own = _own.get("RequestHandler.__init__")
    defaults.own = _own.get("RequestHandler.clear")
    writing.own = _own.get("RequestHandler.write")
    writing.set_header, writing.convert = handler.set_header, handler._convert_header_value
    cookies.own = _own.get("RequestHandler.get_cookie")
    if "RequestHandler._get_arguments" in _own:
        arguments.own = _own["RequestHandler._get_arguments"]
        arguments.decode = handler.decode_argument
    jsons.own = _own.get("escape.json_encode")
    escaping.own_xhtml_escape = _own.get("escape.xhtml_escape")
    escaping.own_utf8 = _own.get("escape.utf8")
    if "RequestHandler.__init__" in _own:
        handler.ui = construction.ui  # type: ignore[assignment]
    if "RequestHandler.finish" in _own:
        finishing.own = _own["RequestHandler.finish"]
        those = tuple(name for name in finishing.RELIED_ON if hasattr(handler, name))
        finishing.known = KnownInHeirs(handler, those)
        finishing.log_request = web.Application.log_request
    if "_HandlerDelegate.execute" in _own:
        execution.own_execute = _own["_HandlerDelegate.execute"]
        execution.own_body = handler._execute
        direct.install(execution.start)


def unknown() -> frozenset[str]:
    """Names of Tornado's methods that are other than known to the speedups, now or at `install`."""
    if _installed:
        return _unknown
    names = {name for speedup in SPEEDUPS for name in speedup.concerned}
    return frozenset(name for name in names if not texts.is_known(texts.SPEEDUPS, full_name(name)))


def full_name(name: str) -> str:
    """Full name, as "tornado.web:Class.method", of a "Class.method" or "module.function"."""
    module, _, rest = name.partition(".")
    return f"tornado.{module}:{rest}" if module in _MODULES else f"tornado.web:{name}"


def _tell(strange: frozenset[str], left: list[str]) -> None:
    """Log strange methods in one line; a warning with a Tornado that the speedups were made for."""
    names = [full_name(name).replace(":", ".") for name in strange]
    _log.log(
        logging.WARNING if tornado.version in texts.written_for() else logging.INFO,
        "%s %s that tornkit knows: no speedup for %s",
        _some(sorted(names)),
        "is not the one" if len(names) == 1 else "are not the ones",
        _some(left),
    )


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _place(name: str) -> tuple[Any, str]:
    """Owner of a ``Class.method`` or ``module.function``, None where missing, and the last name."""
    owner: Any = web
    *owners, attribute = name.split(".")
    for part in owners:
        owner = _MODULES.get(part) or getattr(owner, part, None)
    return owner, attribute
