"""The routes below their routers: what a request has to pass to get to each.

A router is a branch with the condition that leads into it: a host rule, an outer pattern, a
mounted application. A route stands there with its own condition alone. The router of the routes
for any host shows as a branch only where there are others beside it. What an application answers
when none of its routes does stands last in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tornkit.printable import printable
from tornkit.routing.conditions import (
    Condition,
    DefaultHostCondition,
    HostCondition,
    Scope,
    ScopeKind,
)
from tornkit.routing.model import Fallback, Report, Route, RouteTable
from tornkit.routing.render import words
from tornkit.routing.render.below import Line
from tornkit.routing.render.layout import cell, under
from tornkit.routing.render.rows import Row, columns_in_use
from tornkit.routing.render.spans import Span, SpanLine, fold, joined, line_width, width_of

USUAL = ("index", "marks", "methods", "name", "handler", "auth", "source", "findings")
"""The columns behind a route's condition, where they tell something."""

_GAP = "  "


@dataclass
class _Branch:
    """A line of the tree and what is below it. ``scope``: the router it stands for, if one."""

    label: SpanLine
    row: Row | None = None
    scope: Scope | None = None
    children: list[_Branch] = field(default_factory=list)


@dataclass(frozen=True)
class _Drawn:
    """A line of the tree: its guides, those of the lines that continue it, and what it says."""

    guide: str
    follow: str
    label: SpanLine
    row: Row | None

    @property
    def width(self) -> int:
        """Columns of the line up to the end of its label."""
        return len(self.guide) + line_width(self.label)


def lines(
    report: Report,
    routes: Sequence[Route],
    rows: Sequence[Row],
    below: Sequence[Line],
    base: Path,
    *,
    columns: Sequence[str] | None = None,
    width: int | None = None,
) -> list[SpanLine]:
    """Lines of the tree of ``routes`` (shown as ``rows``), in the order given; then ``below``.

    :param columns: keys of `COLUMNS` to show behind each route's own condition; by default those
        of `USUAL` that tell something.
    :param width: fold to that; None for no end.
    """
    shown = {row.index: row for row in rows}
    if columns is None:
        columns = [column for column in columns_in_use(rows) if column in USUAL]
    columns = [column for column in columns if column != "pattern"]
    drawn: list[_Drawn] = []
    for number, table in enumerate(report.tables):
        chosen = [route for route in routes if _holds(table, route)]
        if chosen:
            several = f" (application {number})" if len(report.tables) > 1 else ""
            root = _Branch([Span(printable(f"{report.app}{several}"), "bold")])
            _grow(root, table, chosen, shown, base)
            drawn += [_Drawn("", "", root.label, None), *_draw(root, "")]
    made = [*_laid_out(drawn, columns, width), []] if drawn else []
    return made + under(rows, below, columns, width)


def _holds(table: RouteTable, route: Route) -> bool:
    first = table.routes[0].index if table.routes else 0
    return first <= route.index < first + len(table.routes)


def _grow(
    root: _Branch, table: RouteTable, routes: Sequence[Route], shown: dict[str, Row], base: Path
) -> None:
    """Add branches for routers, routes and fallbacks to ``root``; drop those that tell nothing."""
    routers: dict[int, _Branch] = {}
    for route in routes:
        at = root
        for scope in route.scopes:
            at = _below(at, scope, routers)
        if route.opens is None:
            at.children.append(_Branch(_label(route.condition), shown[str(route.index)]))
    for route in routes:
        if route.opens is not None:
            at = routers[route.scopes[-1].number] if route.scopes else root
            _give_name(at, routers.get(route.opens), route, shown[str(route.index)])
    for fallback in table.fallbacks:
        _add_fallback(fallback, routers, base)
    _tidy(root)


def _below(parent: _Branch, scope: Scope, routers: dict[int, _Branch]) -> _Branch:
    """The branch of the router ``scope``, which is added to ``parent`` the first time."""
    if scope.number not in routers:
        routers[scope.number] = _Branch(_router_label(scope, parent), scope=scope)
        parent.children.append(routers[scope.number])
    return routers[scope.number]


def _give_name(parent: _Branch, router: _Branch | None, route: Route, row: Row) -> None:
    """Put a named router's row on its branch; on a leaf if none of its routes is shown."""
    if router is None:
        parent.children.append(_Branch(_label(route.condition), row))
    else:
        router.row = row


def _add_fallback(fallback: Fallback, routers: dict[int, _Branch], base: Path) -> None:
    application = routers.get(fallback.scopes[-1].number)
    if application is not None:
        where = words.place(fallback.target.source, base)
        said = f"anything else: {words.handler_name(fallback.target)}"
        text = f"{said} ({where})" if where else said
        application.children.append(_Branch([Span(printable(text), "dim")]))


def _tidy(branch: _Branch) -> None:
    """Take out the routers without a condition that stand alone; their children move up."""
    for child in branch.children:
        _tidy(child)
    routers = [child for child in branch.children if child.scope is not None]
    if len(routers) != 1 or any(child.row is not None for child in branch.children):
        return
    only = routers[0]
    if only.scope is not None and only.scope.condition is None:
        place = branch.children.index(only)
        branch.children[place : place + 1] = only.children


def _label(condition: Condition | None) -> SpanLine:
    match condition:
        case None:
            return [Span("(any)", "bold")]
        case HostCondition():
            return [Span("host "), Span(_text(condition), "magenta")]
        case DefaultHostCondition():
            return [Span("default_host "), Span(_text(condition), "magenta")]
        case _:
            return [Span(_text(condition), "bold")]


def _text(condition: Condition) -> str:
    return printable(words.condition_text(condition))


def _router_label(scope: Scope, parent: _Branch) -> SpanLine:
    """Label of a router: its condition, and its class where it is more than a list of rules."""
    if scope.condition is None and scope.kind is ScopeKind.RULES:
        of_application = parent.scope is not None and parent.scope.kind is ScopeKind.APPLICATION
        return [Span("any host", "magenta")] if of_application else _label(None)
    kind = [] if scope.kind is ScopeKind.RULES else [Span(printable(f" ({scope.label})"), "dim")]
    return [*_label(scope.condition), *kind]


def _draw(branch: _Branch, guides: str) -> Iterator[_Drawn]:
    """Everything below ``branch``, each line with its guides."""
    for child in branch.children:
        last = child is branch.children[-1]
        guide, follow = ("└── ", "    ") if last else ("├── ", "│   ")
        below = "│   " if child.children else "    "
        yield _Drawn(guides + guide, guides + follow + below, child.label, child.row)
        yield from _draw(child, guides + follow)


def _laid_out(
    drawn: Sequence[_Drawn], columns: Sequence[str], width: int | None
) -> Iterator[SpanLine]:
    """Lines with cells in columns behind the labels if that fits, else on lines of their own."""
    rows = [line for line in drawn if line.row is not None]
    cells = [[_cell(line.row, column) for column in columns] for line in rows if line.row]
    widths = [max(width_of(each.text) for each in column) for column in zip(*cells, strict=True)]
    start = max((line.width for line in rows), default=0) + len(_GAP)
    in_columns = width is None or start + sum(widths) + len(_GAP) * (len(widths) - 1) <= width
    waiting = iter(cells)
    for line in drawn:
        behind = next(waiting) if line.row is not None else []
        if in_columns:
            space = [Span(" " * (start - line.width))] if behind else []
            yield [Span(line.guide, "dim"), *line.label, *space, *_padded(behind, widths)]
            continue
        yield from _folded(line, line.guide, line.label, width)
        if any(each.text for each in behind):
            text = joined([[each] for each in behind if each.text], " · ")
            yield from _folded(line, line.follow, text, width)


def _folded(line: _Drawn, guide: str, text: SpanLine, width: int | None) -> Iterator[SpanLine]:
    """Fold ``text`` behind ``guide``; the lines that continue it get ``line.follow``."""
    wider = len(line.follow) - len(guide)
    first, *others = fold(text, None if width is None else width - len(guide), " " * wider)
    yield [Span(guide, "dim"), *first]
    for piece in others:
        yield [Span(line.follow, "dim"), *(piece[1:] if wider else piece)]


def _padded(cells: Sequence[Span], widths: Sequence[int]) -> SpanLine:
    line: SpanLine = []
    for (text, style), width in zip(cells, widths if cells else (), strict=True):
        line += [Span(text, style), Span(" " * (width - width_of(text)) + _GAP)]
    return line[:-1]


def _cell(row: Row, column: str) -> Span:
    """A cell that is clear without a heading above it: ``#3``, ``auth``."""
    text, style = cell(row, column)
    if column == "index":
        text = f"#{text}"
    elif column == "auth" and text:
        text = "auth" if text == "yes" else f"auth {text}"
    return Span(text, style)
