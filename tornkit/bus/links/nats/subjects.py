"""NATS subjects of a bus: names of channels and keys as one token each.

::

    PREFIX.m.CHANNEL         a message              PREFIX.live.m.CHANNEL  as it is heard
    PREFIX.e.CHANNEL         who comes and goes     PREFIX.live.e.CHANNEL
    PREFIX.b.LINK            a link's checkpoint    PREFIX.live.b.LINK
    PREFIX.p.CHANNEL.PERSON  who is there
    PREFIX.l.LINK            a link that is there
    PREFIX.k.TASK            what one link alone does
    PREFIX.s.KEY             a value of the store
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from urllib.parse import quote, unquote

from tornkit.bus.message import Event


@lru_cache(maxsize=8192)
def token_of(name: str) -> str:
    """One token of a subject that stands for a name, readable where the name is plain."""
    return quote(name, safe="-_:/@+,~").replace(".", "%2E")


@lru_cache(maxsize=8192)
def name_of(token: str) -> str:
    """The name for which a token stands."""
    return unquote(token)


def digest_of(text: str) -> str:
    """Token of a text of any length."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class NatsSubjects:
    """Subjects with the prefix of a bus."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.all_messages = f"{prefix}.m.*"
        self.all_events = f"{prefix}.e.*"
        self.all_checkpoints = f"{prefix}.b.*"
        self.everyone = f"{prefix}.p.*.*"
        self.all_links = f"{prefix}.l.*"
        self.keeper = f"{prefix}.k.keeper"
        self.maker = f"{prefix}.k.maker"
        self.all_claims = f"{prefix}.k.*"
        self.all_values = f"{prefix}.s.*"
        self.presence_stream = f"{prefix}-presence"
        self.store_stream = f"{prefix}-store"
        self._live = f"{prefix}.live."

    def published(self, channel: str, event: Event = "message") -> str:
        """Where a message is published."""
        return f"{self.prefix}.{'m' if event == 'message' else 'e'}.{token_of(channel)}"

    def checkpoint(self, link: str) -> str:
        """Where a link's checkpoints are published."""
        return f"{self.prefix}.b.{link}"

    @property
    def republished(self) -> tuple[str, str]:
        """Source and destination of what is said again."""
        return f"{self.prefix}.*.*", f"{self._live}{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}"

    def live(self, channel: str) -> tuple[str, ...]:
        """Where a channel is heard."""
        return (f"{self._live}*.{token_of(channel)}",)

    @property
    def live_of_all(self) -> tuple[str, ...]:
        """Where all channels are heard."""
        return f"{self._live}m.*", f"{self._live}e.*"

    def live_checkpoints(self, link: str) -> str:
        """Where a link hears its own checkpoints."""
        return f"{self._live}b.{link}"

    def read_live(self, subject: str) -> tuple[str, str]:
        """Kind and name of something that is heard."""
        kind, _, token = subject[len(self._live) :].partition(".")
        return kind, name_of(token)

    def channel(self, subject: str) -> str:
        """Channel of a message that is stored."""
        return name_of(subject.rpartition(".")[2])

    def person(self, channel: str, id_: str) -> str:
        """Where it is kept that one is in a channel."""
        return f"{self.prefix}.p.{token_of(channel)}.{digest_of(id_)}"

    def everyone_in(self, channel: str) -> str:
        """Those of a channel."""
        return f"{self.prefix}.p.{token_of(channel)}.*"

    def channel_of_person(self, subject: str) -> str:
        """Channel of one that is there."""
        return name_of(subject.split(".")[2])

    def alive(self, link: str) -> str:
        """Where it is kept that a link is there."""
        return f"{self.prefix}.l.{link}"

    def value(self, key: str) -> str:
        """Where a value of the store is kept."""
        return f"{self.prefix}.s.{token_of(key)}"
