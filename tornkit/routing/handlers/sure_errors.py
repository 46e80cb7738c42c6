"""The error status that a handler's function surely answers with, read from its source.

``def prepare(self): raise HTTPError(404)`` is how most applications write the handler of what no
route takes. Only statements that run whatever the request is are looked at, and only what Tornado
itself makes of them; where code of the handler's own may come between, nothing is claimed.
"""

from __future__ import annotations

import ast
import enum
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

# What ends a request, and what else of Tornado's leaves its status as it is.
_ENDING = frozenset({"finish", "render", "write_error"})
_HARMLESS = _ENDING | {
    *("write", "flush", "render_string", "set_header", "add_header", "clear_header"),
    *("set_cookie", "clear_cookie", "get_cookie", "reverse_url", "static_url"),
    *("get_argument", "get_query_argument", "get_status"),
}
# A function that names one of these may give another status.
_DECIDING = frozenset({"send_error", "set_status", "redirect", "_status_code", "clear"})
# With one of these replaced, an error may become any answer.
_REPLACEABLE = ("send_error", "set_status", "_handle_request_exception")
_Statements = Sequence[ast.stmt]


def sure_error(cls: type, name: str) -> int | None:
    """Find the status of 400 or more that method ``name`` of handler ``cls`` always ends in.

    ``prepare`` has to end the request by itself, since a method follows it.
    """
    function = getattr(cls, name, None)
    if not isinstance(function, FunctionType) or _is_tornados(function.__module__):
        return None
    if any(list(_own(cls, each)) for each in _REPLACEABLE) or not _keeps_status(cls, "write_error"):
        return None
    body = _body(function)
    if body is None:
        return None
    status = _status_of(body, cls, function.__globals__, ends=name != "prepare")
    return status if status is not None and status >= 400 else None


def initialized_status(cls: type) -> int | None:
    """Find the status that an ``ErrorHandler``'s own ``initialize`` gives to Tornado's.

    ``def initialize(self): super().initialize(404)``
    """
    function = getattr(cls, "initialize", None)
    if not isinstance(function, FunctionType) or _is_tornados(function.__module__):
        return None
    for statement in _body(function) or ():
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name)) as call) if name in (
                "initialize",
                "set_status",
            ):
                return _first_status(call, function.__globals__)
            case _:
                pass
    return None


def _status_of(body: _Statements, cls: type, names: Mapping[str, Any], *, ends: bool) -> int | None:
    """Status that a method of these statements surely ends in; None if it may end in another.

    :param ends: whether the request ends with the body, whatever is called in it.
    """
    status: int | None = None
    for statement in body:
        match statement:
            case ast.Raise(exc=raised):
                return _raised(raised, names)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="send_error")) as call):
                return _first_status(call, names, default=500)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="set_status")) as call):
                status = _first_status(call, names)
                if status is None:
                    return None
            case ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Return() | ast.Pass():
                called = _calls(statement, cls)
                if called is None:
                    return None
                ends = ends or bool(called & _ENDING)
                if isinstance(statement, ast.Return):
                    break
            case _:
                return None  # a branch, a loop, a `with`: what runs depends
    return status if ends else None


def _calls(statement: ast.stmt, cls: type) -> set[str] | None:
    """The methods of the handler's that a statement calls; None if one may answer otherwise."""
    found = set()
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                if name not in _HARMLESS or not _keeps_status(cls, name):
                    return None
                found.add(name)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                if len(list(_own(cls, name))) > 1:
                    return None
            case _ if any(_is_self(each) for each in (*node.args, *_values(node))):
                return None
            case _:
                pass  # a logger's, for one: without the handler it can't answer
    return found


def _values(call: ast.Call) -> list[ast.expr]:
    return [each.value for each in call.keywords]


def _is_self(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Name) and expression.id == "self"


def _keeps_status(cls: type, name: str) -> bool:
    """Whether no override of Tornado's method ``name`` mentions a way to change the status."""
    return all(
        isinstance(each, FunctionType) and not _DECIDING & set(each.__code__.co_names)
        for each in _own(cls, name)
    )


def _own(cls: type, name: str) -> Iterator[object]:
    """Definitions of ``name`` in classes that are not Tornado's."""
    for base in cls.__mro__:
        if name in vars(base) and not _is_tornados(base.__module__):
            yield vars(base)[name]


def _raised(raised: ast.expr | None, names: Mapping[str, Any]) -> int | None:
    if isinstance(raised, ast.Call) and _is_http_error(_looked_up(raised.func, names)):
        return _first_status(raised, names, default=500)
    return 500 if _is_http_error(_looked_up(raised, names)) else None


def _is_http_error(found: object) -> bool:
    """Whether an object is ``tornado.web.HTTPError``; other classes may have other statuses."""
    return isinstance(found, type) and (found.__module__, found.__name__) == (
        "tornado.web",
        "HTTPError",
    )


def _first_status(
    call: ast.Call, names: Mapping[str, Any], default: int | None = None
) -> int | None:
    """The argument ``status_code``, by position or by name; None where it is no constant."""
    named = [each.value for each in call.keywords if each.arg == "status_code"]
    if any(each.arg is None for each in call.keywords):
        return None
    given = [*call.args[:1], *named]
    if not given:
        return default
    value: object = given[0].value if isinstance(given[0], ast.Constant) else None
    if value is None:
        value = _looked_up(given[0], names)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _looked_up(expression: ast.expr | None, names: Mapping[str, Any]) -> object:
    """Value of ``name``, ``module.name`` or ``Class.NAME``, without running the module's code."""
    match expression:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=owner, attr=name):
            found = _looked_up(owner, names)
            if isinstance(found, enum.EnumMeta):  # `HTTPStatus.NOT_FOUND`
                return found.__members__.get(name)
            return vars(found).get(name) if isinstance(found, ModuleType | type) else None
        case _:
            return None


def _is_tornados(module: object) -> bool:
    return module == "builtins" or str(module).partition(".")[0] == "tornado"


def _body(function: FunctionType) -> _Statements | None:
    """The statements of a function that nothing decorates; None where there is no source."""
    if hasattr(function, "__wrapped__"):
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):  # made at run time, or edited since
        return None
    match tree.body:
        case [(ast.FunctionDef() | ast.AsyncFunctionDef()) as found] if not found.decorator_list:
            return found.body
        case _:
            return None
