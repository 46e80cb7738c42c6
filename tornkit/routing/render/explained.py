"""Output of ``--match`` as lines: the answer, the route, and the routes before it.

The answer is the first line. Routes that a person may have meant come with the reason why they
are not it; of many others only the number is told (JSON has them all).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tornkit.masking import masked
from tornkit.printable import printable
from tornkit.routing.matching.answers import MatchVerdict, Reply
from tornkit.routing.matching.explain import Explanation, Passed, Undecided
from tornkit.routing.model import Fallback, Route, TargetKind
from tornkit.routing.render import words
from tornkit.routing.render.spans import Span, SpanLine, fold, line_width, width_of

MOST = 15
"""Number of passed routes that a person is shown."""

_GAP = "  "
_GOOD, _BAD, _UNSURE = "bold green", "bold red", "bold yellow"

Cells = tuple[Span, ...]


def lines(explanations: Sequence[Explanation], base: Path, width: int | None) -> list[SpanLine]:
    """Lines of one explanation for each application; folded at ``width`` columns, if not None."""
    found: list[SpanLine] = []
    for number, each in enumerate(explanations):
        if len(explanations) > 1:
            found += [[Span(f"Application {number}:", "bold")]]
        found += _answer(each, base)
        found += _notes(each)
        found += _passed(each, width)
        found += _later(each, width)
        if number < len(explanations) - 1:
            found.append([])
    if width is None:
        return found
    return [part for line in found for part in fold(line, width, _indent(line))]


def _indent(line: SpanLine) -> str:
    """Indentation of a line's folded rest: two columns further in than it began."""
    text = "".join(span.text for span in line)
    return " " * (len(text) - len(text.lstrip()) + 2)


def _answer(each: Explanation, base: Path) -> Iterator[SpanLine]:
    asked = [
        Span(f"{printable(each.asked.method)} "),
        Span(printable(each.asked.path), "bold"),
        Span(" -> "),
    ]
    if each.undecided:
        yield [*asked, Span("undecided", _UNSURE)]
        for undecided in each.undecided:
            yield from _maybe(undecided, base)
        yield [Span("  else: "), *answer(each.reply, each.step)]
    else:
        yield [*asked, *answer(each.reply, each.step)]
    yield from _about(each.step, each.reply, base, "  " if not each.undecided else "    ")


def _maybe(undecided: Undecided, base: Path) -> Iterator[SpanLine]:
    why = f"  if {undecided.why} so decides, which is not run here: "
    yield [Span(printable(why)), *answer(undecided.reply, undecided.step)]
    yield from _about(undecided.step, undecided.reply, base, "    ")


def answer(reply: Reply, step: Route | Fallback | None) -> SpanLine:
    """Answer to the request in words.

    ``Post.get('7')``, ``405, Post implements no put; it answers GET``, ``301 to /new``
    """
    style = _GOOD if reply.answered else _BAD
    status = "" if reply.status is None else str(reply.status)
    match reply.verdict:
        case MatchVerdict.HANDLER:
            nobody = "no route takes it; by default " if isinstance(step, Fallback) else ""
            said = f"{nobody}{call(reply)}"
        case MatchVerdict.WEBSOCKET:
            said = f"{f'{status}, ' if status else ''}WebSocket: {call(reply)}"
        case MatchVerdict.REDIRECT:
            said = f"{status} to {masked(reply.location or '')}"
        case MatchVerdict.DELEGATE:
            said = _delegated(reply, step)
        case MatchVerdict.METHOD_NOT_ALLOWED:
            others = ", ".join(reply.allowed)
            said = f"{status}, {reply.reason}; "
            said += f"it answers {others}" if others else "it answers no method"
        case _:
            said = f"{f'{status}, ' if status else ''}{reply.reason}"
    return [Span(printable(said), style)]


def call(reply: Reply) -> str:
    """Call of the function that answers: ``Post.get('7', slug='x')``."""
    parts = [repr(value) for value in reply.args]
    parts += [f"{name}={value!r}" for name, value in reply.kwargs.items()]
    return f"{reply.call}({', '.join(parts)})"


def _delegated(reply: Reply, step: Route | Fallback | None) -> str:
    """Call of a target that gets the whole request; only a callable gets the groups too.

    They are not decoded.
    """
    kind = step.target.kind if step is not None else None
    if kind is not TargetKind.CALLABLE:
        which = f"{reply.call} {reply.reason}" if reply.reason else f"{reply.call} ({_kind(kind)})"
        return f"{which}, whatever the method"
    parts = ["request"]
    if reply.args or reply.kwargs:
        parts += [f"path_args={list(reply.args)!r}", f"path_kwargs={dict(reply.kwargs)!r}"]
    return f"{reply.call}({', '.join(parts)}), whatever the method"


def _kind(kind: TargetKind | None) -> str:
    return kind.value if kind is not None else ""


def _about(
    step: Route | Fallback | None, reply: Reply, base: Path, indent: str
) -> Iterator[SpanLine]:
    """Facts that are worth knowing of the step, a line for each."""
    facts: list[tuple[str, str, str]] = []
    if isinstance(step, Route):
        facts += [
            ("route", str(step.index), "bold"),
            ("host", words.host(step), "magenta"),
            ("pattern", words.pattern(step), "bold"),
            ("name", step.name or "", "green"),
        ]
    if step is not None:
        facts += [
            ("handler", step.target.name, ""),
            ("defined", words.place(step.target.source, base), ""),
        ]
    facts += [("but", caveat, "yellow") for caveat in reply.caveats]
    for name, value, style in facts:
        if value:
            yield [Span(f"{indent}{name:<9}", "dim"), Span(printable(value), style)]


def _notes(each: Explanation) -> Iterator[SpanLine]:
    host = each.asked.routed.host_name
    yield [Span(f"  {'Host':<9}", "dim"), Span(printable(host))]
    for note in each.asked.notes:
        yield [Span(f"  {'note':<9}", "dim"), Span(printable(note))]


def _passed(each: Explanation, width: int | None) -> Iterator[SpanLine]:
    """Table of the routes passed over: all if few, else those that are near, and a count."""
    if not each.passed:
        return
    chosen: Sequence[Passed] = each.passed
    if len(chosen) > MOST:
        chosen = [passed for passed in chosen if passed.miss.near][:MOST]
    hidden = len(each.passed) - len(chosen)
    yield []
    if not chosen:
        yield [Span(f"Passed over: {hidden} routes, none of them near "), _ALL]
        return
    yield [Span("Passed over:", "bold")]
    yield from _table([_row(each.route, each.miss.text) for each in chosen], width)
    if hidden:
        yield [Span(f"  and {hidden} more{_far(each, chosen)} "), _ALL]


_ALL = Span("(--format json has all)", "dim")


def _far(each: Explanation, chosen: Sequence[Passed]) -> str:
    near = sum(passed.miss.near for passed in each.passed) - len(chosen)
    if near == len(each.passed) - len(chosen):
        return " as near"
    return f", {near} of them as near" if near else ", none of them near"


def _later(each: Explanation, width: int | None) -> Iterator[SpanLine]:
    """Table of later routes that would have taken the request too; Tornado never asks them."""
    if not each.later:
        return
    yield []
    yield [Span("Would take it too, but stand behind:", "bold")]
    shown = each.later[:MOST]
    yield from _table([_row(route, _behind(each, route)) for route in shown], width)
    if len(each.later) > len(shown):
        yield [Span(f"  and {len(each.later) - len(shown)} more "), _ALL]


def _behind(each: Explanation, route: Route) -> str:
    if isinstance(each.step, Route):
        text = f"shadowed by route {each.step.index}"
    else:
        label = each.step.scopes[-1].label if each.step is not None else "router"
        text = f"behind the 404 of the {label}"
    if each.reply.verdict is MatchVerdict.METHOD_NOT_ALLOWED and each.asked.method in (
        route.target.methods
    ):
        text += f", though it answers {each.asked.method}: no method plays a part in routing"
    return text


def _row(route: Route, reason: str) -> Cells:
    host = words.host(route)
    path = f"{host} {words.pattern(route)}" if host else words.pattern(route)
    return (
        Span(str(route.index), "dim"),
        Span(printable(path), "bold"),
        Span(printable(words.handler(route))),
        Span(printable(reason), "yellow"),
    )


def _table(rows: Sequence[Cells], width: int | None) -> Iterator[SpanLine]:
    """Table of routes, aligned if that fits ``width``; else with reasons on lines of their own."""
    widths = [max(width_of(row[place].text) for row in rows) for place in range(len(rows[0]))]
    wide = [_aligned(row, widths) for row in rows]
    if width is None or all(line_width(line) <= width for line in wide):
        yield from wide
        return
    inside = " " * (widths[0] + 4)
    for index, path, handler, reason in rows:
        first = Span(f"  {index.text.rjust(widths[0])}{_GAP}", index.style)
        yield [first, path, Span(_GAP), handler]
        yield [Span(inside), reason]


def _aligned(row: Cells, widths: Sequence[int]) -> SpanLine:
    line = [Span("  "), Span(row[0].text.rjust(widths[0]), row[0].style)]
    for cell, width in zip(row[1:], widths[1:], strict=True):
        line += [Span(_GAP), cell, Span(" " * (width - width_of(cell.text)))]
    return line[:-1]
