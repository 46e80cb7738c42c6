"""Handles what workers report for browsers: connections, requests, errors, lines to be opened."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from tornkit.serve.browsers import editor
from tornkit.serve.browsers.browser_reporter import BrowserReporter
from tornkit.serve.browsers.server_news import ServerNews
from tornkit.serve.shortage import in_words

_MOST_ERRORS = 50  # that can be opened in the editor


class Browsers:
    """A `tornkit.serve.workforce.events.Audience`: passes workers' reports on to browsers.

    ``editor`` is the command that opens lines, None if there is none; ``lacks(what)`` is called
    where something fails.
    """

    def __init__(
        self,
        reporter: BrowserReporter,
        news: ServerNews,
        editor: str | None,
        lacks: Callable[[str], None],
    ) -> None:
        self._reporter = reporter
        self._news = news
        self._editor = editor
        self._lacks = lacks
        self._errors: OrderedDict[str, dict[str, Any]] = OrderedDict()  # by id, the newest last

    def adopt(self, descriptors: list[int], *, of_server: bool) -> None:
        take = self._news.adopt if of_server else self._reporter.streams.adopt
        for descriptor in descriptors:
            try:
                take(descriptor)
            except OSError as error:  # what else the worker has said is to be heard
                self._lacks(f"a browser is not told of what happens: {in_words(error)}")

    def answered(self, rows: Sequence[object]) -> None:
        self._news.requests(rows)

    def raised(self, shown: dict[str, Any]) -> None:
        self._news.raised(shown)
        self._errors[shown["id"]] = shown
        while len(self._errors) > _MOST_ERRORS:
            self._errors.popitem(last=False)

    def open_in_editor(self, failure: str, frame: int) -> None:
        """Open in the editor the line of frame number ``frame`` of the failure with this id."""
        shown = self._reporter.failure(failure) or self._errors.get(failure)
        frames = shown["frames"] if shown is not None else ()
        if self._editor is None or not 0 <= frame < len(frames):
            return
        file, line = frames[frame]["path"], frames[frame]["line"]
        try:
            editor.open_line(self._editor, file, line)
        except OSError as error:
            self._lacks(f"the editor can't be opened: {in_words(error)}")
