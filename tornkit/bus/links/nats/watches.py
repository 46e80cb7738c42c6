"""Since which message a NATS link has got every one of a channel, and which ones were lost.

The stream says with each message which one was before it in its channel; if that has not come here,
it is lost. And where a name was heard without a break, it is known that nothing has come, however
long ago that is: else a channel where nothing happens would seem to have lost something.
"""

from __future__ import annotations

from typing import NamedTuple

from tornkit.bus.names import is_pattern, matches

_MOST = 20_000  # channels of which something is noted, beside those that are watched by name


class _Span(NamedTuple):
    """Sequences of an epoch that were heard without a break; ``last`` is the last message's."""

    epoch: str
    since: int
    last: int
    until: int


class WatchedName:
    """Watched channel or pattern: all its messages behind ``since`` have come, or were read.

    ``heard`` is the sequence behind which its messages come; None until that is known.
    """

    __slots__ = ("epoch", "heard", "last", "name", "past", "since")

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = ""
        self.heard: int | None = None
        self.since = 0
        self.last = 0
        self.past: _Span | None = None  # on the connection before


class Watches:
    """Channels and patterns that a link watches, and what it has heard of each."""

    def __init__(self) -> None:
        self._by_name: dict[str, WatchedName] = {}
        self._patterns: dict[str, WatchedName] = {}
        self._audiences: dict[str, tuple[WatchedName, ...]] = {}
        self._heard: dict[str, int] = {}  # the last message of a channel
        self._floor = 0  # of those that are not in there
        self.epoch = ""
        self.newest = 0
        """Sequence of what was heard last."""
        self.newest_time = 0.0
        """And the server's time of it."""

    def names(self) -> list[str]:
        """List all watched channels and patterns."""
        return list(self._by_name)

    @property
    def has_patterns(self) -> bool:
        """Whether a pattern is watched."""
        return bool(self._patterns)

    def add(self, name: str) -> None:
        """Watch a channel or pattern."""
        watch = self._by_name.setdefault(name, WatchedName(name))
        if is_pattern(name):
            self._patterns[name] = watch
        self._audiences.clear()

    def remove(self, name: str) -> None:
        """Watch a channel or pattern no more."""
        self._by_name.pop(name, None)
        self._patterns.pop(name, None)
        self._audiences.clear()

    def unconfirmed(self) -> list[WatchedName]:
        """Watched names whose subscription is not known to work yet."""
        return [each for each in self._by_name.values() if each.heard is None]

    def confirm(self, watches: list[WatchedName], epoch: str, sequence: int) -> None:
        """Note that the server sends all messages of these channels after ``sequence``."""
        for watch in watches:
            if watch.heard is None:
                watch.epoch, watch.heard, watch.since = epoch, sequence, sequence

    def lost(self) -> None:
        """Note that the connection is lost: messages of no name come any more."""
        for watch in self._by_name.values():
            if watch.heard is not None:
                watch.past = _Span(watch.epoch, watch.since, watch.last, self.newest)
            watch.heard, watch.last = None, 0
        self._heard.clear()
        self._floor = 0

    def begin(self, epoch: str) -> None:
        """Note the epoch of the stream; in a new epoch nothing was heard yet."""
        if epoch != self.epoch:
            self.epoch, self.newest = epoch, 0

    def is_heard(self, channel: str) -> bool:
        """Whether a channel is watched, by its name or by a pattern."""
        return bool(self._audience(channel))

    def hear(self, channel: str, sequence: int, before: int) -> bool:
        """Note a message that has come; return whether one of its channel is missing before it."""
        audience = self._audience(channel)
        since = [each.heard for each in audience if each.heard is not None]
        known = max(self._heard.get(channel, 0), self._floor)
        is_hole = bool(since) and before > max(known, min(since))
        for watch in audience:
            watch.last = sequence
        self._heard[channel] = sequence
        if len(self._heard) > _MOST + len(self._by_name):
            self._heard.clear()
            self._floor = sequence
        return is_hole

    def _audience(self, channel: str) -> tuple[WatchedName, ...]:
        audience = self._audiences.get(channel)
        if audience is None:
            found = [each for name, each in self._patterns.items() if matches(name, channel)]
            if channel in self._by_name:
                found.append(self._by_name[channel])
            if len(self._audiences) > _MOST:
                self._audiences.clear()
            audience = self._audiences[channel] = tuple(found)
        return audience

    def quiet_until(self, name: str, epoch: str, since: int, now: int) -> int:
        """Sequence up to which a name is known to have no message behind ``since``."""
        watch = self._by_name.get(name)
        if watch is None:
            return since
        spans = [] if watch.past is None else [watch.past]
        if watch.heard is not None:
            spans.append(_Span(watch.epoch, watch.since, watch.last, now))
        for span in spans:
            if span.epoch == epoch and span.since <= since and span.last <= since:
                since = max(since, span.until)
        return since

    def learn(self, name: str, epoch: str, since: int, last: int) -> None:
        """Note that all messages of a name behind ``since`` were read; ``last`` is the last."""
        watch = self._by_name.get(name)
        if watch is not None and watch.heard is not None and watch.epoch == epoch:
            watch.since = min(watch.since, since)
            watch.last = max(watch.last, last)
