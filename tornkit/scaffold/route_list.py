"""Editor of the file that has a project's routes: Python source in, source out.

The list ``ROUTES = [...]`` gets one more element at its end, and the file the import for it, each
at the position that the syntax tree tells, so that comments and line ends stay as they are. What
is written looks as ruff would format it.
"""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass

LIST = "ROUTES"
_WIDTH = 100
_INDENT = "    "


class NoRouteList(Exception):
    """The source has no list of routes, or is no Python."""


@dataclass(frozen=True)
class NewRoute:
    """A route to be written down."""

    pattern: str
    handler: str
    name: str


def names_of_routes(source: str) -> set[str]:
    """The names that calls in the list give to routes, as ``name="..."`` or as fourth argument.

    :raises NoRouteList: there is none.
    """
    found = set()
    for node in ast.walk(_list_in(source)):
        if isinstance(node, ast.Call):
            named = [each.value for each in node.keywords if each.arg == "name"] + node.args[3:4]
        elif isinstance(node, ast.Tuple):
            named = node.elts[3:4]
        else:
            continue
        found |= {each.value for each in named if isinstance(each, ast.Constant)}
    return {name for name in found if isinstance(name, str)}


def with_route(source: str, route: NewRoute) -> str:
    """Put a route at the end of the list.

    :raises NoRouteList: there is none.
    """
    routes = _list_in(source)
    lines = source.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    written = _element(source, route).replace("\n", end)
    start, stop = _offset(lines, routes, "start"), _offset(lines, routes, "end")
    inside = source[start + 1 : stop - 1]
    if "\n" not in inside:  # on one line: each element gets a line of its own
        elements = [ast.get_source_segment(source, each) or "" for each in routes.elts]
        below = "".join(f"{_INDENT}{each},{end}" for each in elements)
        return f"{source[: start + 1]}{end}{below}{written}{source[stop - 1 :]}"
    if routes.elts and not _ends_with_comma(lines, routes):
        last = _offset(lines, routes.elts[-1], "end")
        source, stop = f"{source[:last]},{source[last:]}", stop + 1
    bracket = source.rindex("\n", 0, stop) + 1  # the line of the closing bracket
    if source[bracket : stop - 1].strip():  # which ends the last element's
        return f"{source[: stop - 1].rstrip()}{end}{written}{source[stop - 1 :]}"
    return f"{source[:bracket]}{written}{source[bracket:]}"


def before_routes(source: str, code: str) -> str:
    """Put ``code``, a class, before the list, with two blank lines around.

    :raises NoRouteList: there is none.
    """
    statement = _statement_in(source)
    lines = source.splitlines(keepends=True)
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    number = statement.lineno - 1
    while number and lines[number - 1].startswith("#"):  # what is said of the list stays with it
        number -= 1
    above = "".join(lines[:number]).rstrip()
    body = code.strip().replace("\n", end)
    return f"{above}{end * 3}{body}{end * 3}{''.join(lines[number:])}"


def with_import(source: str, module: str, name: str) -> str:
    """Add ``from module import name`` to the imports, in alphabetical order, unless it is there."""
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and name in [each.asname or each.name for each in node.names]
        for node in imports
    ):
        return source
    lines = source.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    package = module.partition(".")[0]
    near = [
        node
        for node in imports
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package
    ]
    later = [node for node in near if (node.module or "") > module]
    if later:
        number = later[0].lineno - 1
    elif near or imports:
        number = (near or imports)[-1].end_lineno or 0
    else:
        number = _end_of_docstring(tree)
    line = f"from {module} import {name}"
    if len(line) > _WIDTH:
        line = f"from {module} import ({end}{_INDENT}{name},{end})"
    blank = end if not near else ""
    lines.insert(number, f"{blank}{line}{end}")
    return "".join(lines)


def binds(source: str, name: str) -> bool:
    """Whether the file imports something that it calls ``name``."""
    return any(
        name == (each.asname or each.name)
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    )


def _end_of_docstring(tree: ast.Module) -> int:
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first.end_lineno or 0
    return 0


def _statement_in(source: str) -> ast.Assign | ast.AnnAssign:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        raise NoRouteList from None
    for node in tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        named = [each for each in targets if isinstance(each, ast.Name) and each.id == LIST]
        if named and isinstance(node, ast.Assign | ast.AnnAssign):
            return node
    raise NoRouteList


def _list_in(source: str) -> ast.List:
    value = _statement_in(source).value
    if not isinstance(value, ast.List):
        raise NoRouteList
    return value


def _offset(lines: list[str], node: ast.expr, side: str) -> int:
    """Offset at which a node starts or ends, in characters; the tree has lines and bytes."""
    line = node.lineno if side == "start" else node.end_lineno
    column = node.col_offset if side == "start" else node.end_col_offset
    assert line is not None
    assert column is not None
    before = sum(map(len, lines[: line - 1]))
    return before + len(lines[line - 1].encode()[:column].decode())


def _ends_with_comma(lines: list[str], routes: ast.List) -> bool:
    """Whether a comma follows the last element; one in a comment is none."""
    source = "".join(lines)
    behind = source[_offset(lines, routes.elts[-1], "end") : _offset(lines, routes, "end") - 1]
    # In brackets, as it is where it stands: a line end is no end of a statement.
    tokens = tokenize.generate_tokens(io.StringIO(f"({behind}\n)").readline)
    return any(token.string == "," for token in tokens)


def _element(source: str, route: NewRoute) -> str:
    """Lines of the new element, indented, with a comma."""
    pattern = f'r"{route.pattern}"'
    maker = next((each for each in ("url", "URLSpec") if binds(source, each)), None)
    if maker is None:  # a tuple needs no import
        parts, opening = [pattern, route.handler, "{}", f'"{route.name}"'], "("
    else:
        parts, opening = [pattern, route.handler, f'name="{route.name}"'], f"{maker}("
    joined = ", ".join(parts)
    if len(one := f"{_INDENT}{opening}{joined}),\n") <= _WIDTH + 1:
        return one
    inner = _INDENT * 2
    if len(f"{inner}{joined}") <= _WIDTH:
        return f"{_INDENT}{opening}\n{inner}{joined}\n{_INDENT}),\n"
    below = "".join(f"{inner}{part},\n" for part in parts)
    return f"{_INDENT}{opening}\n{below}{_INDENT}),\n"
