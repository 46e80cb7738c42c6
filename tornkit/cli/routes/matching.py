"""``--match`` and ``--reverse``: follow a URL to its route, or a name to its URL and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tornkit.cli import output
from tornkit.cli.routes import printing
from tornkit.cli.routes.capture_stdout import prints_aside
from tornkit.cli.routes.options import Options
from tornkit.errors import UsageError
from tornkit.printable import printable

if TYPE_CHECKING:
    from tornkit.appload.load import LoadedApp
    from tornkit.routing.matching.explain import Explanation
    from tornkit.routing.reading.reversers import Unreversed
    from tornkit.routing.render.spans import SpanLine

_MOST_FALLBACKS = 5  # one may lead into itself


def run(asked: Options, loaded: LoadedApp) -> int:
    """Print which route answers a URL, or the URL of a name; return the exit code.

    1 if it is sure that nobody answers, or there is no URL, or that it does not lead back.

    :raises UsageError: the URL, the method or a header is none.
    """
    if asked.match is not None:
        return _match(asked, asked.match, loaded)
    assert asked.reverse is not None
    return _reverse(asked, asked.reverse, loaded)


def _tables(loaded: LoadedApp) -> tuple[Unreversed, ...]:
    from tornkit.routing.reading.extract import unreversed_tables

    return unreversed_tables(loaded.applications)


def _match(asked: Options, url: str, loaded: LoadedApp) -> int:
    import tornado

    from tornkit.routing.matching.asked import asked as request_for
    from tornkit.routing.matching.explain import explain

    try:
        request = request_for(url, asked.method, asked.header)
    except ValueError as error:
        raise UsageError(str(error)) from None
    found = [
        _followed(explain(each.table, request, tornado.version), tornado.version)
        for each in _tables(loaded)
    ]
    if asked.format == "json":
        from tornkit.routing.render import explained_json

        output.result_json(explained_json.document(found, request, loaded.label, tornado.version))
    else:
        from tornkit.routing.render import explained

        printing.spans(explained.lines(found, Path.cwd(), printing.terminal_width()))
    return int(not any(each.answered for each in found))


def _followed(found: Explanation, tornado: str, depth: int = 0) -> Explanation:
    """Give an explanation the error of the application that a ``FallbackHandler`` calls, if any."""
    from tornado.web import Application

    from tornkit.routing.matching.answers import MatchVerdict
    from tornkit.routing.matching.explain import explain
    from tornkit.routing.model import Route, TargetKind
    from tornkit.routing.reading.extract import unreversed_tables

    step = found.step
    if (
        not isinstance(step, Route)
        or step.target.kind is not TargetKind.FALLBACK
        or found.reply.verdict is not MatchVerdict.DELEGATE
        or depth == _MOST_FALLBACKS
    ):
        return found
    called = next((each.value for each in step.kwargs if each.name == "fallback"), None)
    if not isinstance(called, Application):
        return found
    (inner,) = unreversed_tables([called])
    behind = _followed(explain(inner.table, found.asked, tornado), tornado, depth + 1)
    if behind.answered:
        return found
    reason = f"{step.target.short_name} calls another application: {behind.reply.reason}"
    return replace(found, reply=replace(behind.reply, reason=reason))


def _reverse(asked: Options, name: str, loaded: LoadedApp) -> int:
    import tornado

    from tornkit.routing.render import reversed as rendered
    from tornkit.routing.reversing.named import reverse

    with prints_aside():  # a reverse_url of the user's own may print
        found = reverse(_tables(loaded), name, asked.arg)
    first = found.first
    if asked.format == "json":
        output.result_json(rendered.document(found, loaded.label, tornado.version))
    else:
        # Alone on standard output, so that a script can use it.
        if first is not None and first.reversal.url is not None:
            output.result(printable(first.reversal.url))
        _say(list(rendered.lines(found)))
    return int(first is None or first.leads_back is False)


def _say(lines: Sequence[SpanLine]) -> None:
    """Print lines to standard error, in colour if that is a terminal."""
    if sys.stderr.isatty():
        from tornkit.cli import console
        from tornkit.routing.render.terminal import TerminalPage

        console.err().print(TerminalPage(lines))
    else:
        from tornkit.routing.render.spans import text_of

        output.say_lines(text_of(lines))
