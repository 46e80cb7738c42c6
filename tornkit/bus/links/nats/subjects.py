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
    """Encode a name as one token of a subject, readable where the name is plain."""
    return quote(name, safe="-_:/@+,~").replace(".", "%2E")


@lru_cache(maxsize=8192)
def name_of(token: str) -> str:
    """Decode a token of a subject to the name that it stands for."""
    return unquote(token)


def digest_of(text: str) -> str:
    """Token of a subject that is the hash of a text of any length."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class NatsSubjects:
    """NATS subjects of a bus, all with its prefix."""

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
        """Subject on which a message of a channel, or a join or leave, is published."""
        return f"{self.prefix}.{'m' if event == 'message' else 'e'}.{token_of(channel)}"

    def checkpoint(self, link: str) -> str:
        """Subject on which a link's checkpoints are published."""
        return f"{self.prefix}.b.{link}"

    @property
    def republished(self) -> tuple[str, str]:
        """Source and destination of the messages that the stream publishes again."""
        return f"{self.prefix}.*.*", f"{self._live}{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}"

    def live(self, channel: str) -> tuple[str, ...]:
        """Subjects to subscribe to for a channel."""
        return (f"{self._live}*.{token_of(channel)}",)

    @property
    def live_of_all(self) -> tuple[str, ...]:
        """Subjects to subscribe to for all channels."""
        return f"{self._live}m.*", f"{self._live}e.*"

    def live_checkpoints(self, link: str) -> str:
        """Subject on which a link hears its own checkpoints."""
        return f"{self._live}b.{link}"

    def read_live(self, subject: str) -> tuple[str, str]:
        """Parse the subject of a republished message to its kind and name."""
        kind, _, token = subject[len(self._live) :].partition(".")
        return kind, name_of(token)

    def channel(self, subject: str) -> str:
        """Channel of a stored message, by its subject."""
        return name_of(subject.rpartition(".")[2])

    def person(self, channel: str, id_: str) -> str:
        """Subject of the record that ``id_`` is present in a channel."""
        return f"{self.prefix}.p.{token_of(channel)}.{digest_of(id_)}"

    def everyone_in(self, channel: str) -> str:
        """Subject, with a wildcard, of all participants' records of a channel."""
        return f"{self.prefix}.p.{token_of(channel)}.*"

    def channel_of_person(self, subject: str) -> str:
        """Channel of a participant's record, by its subject."""
        return name_of(subject.split(".")[2])

    def alive(self, link: str) -> str:
        """Subject of the record that a link is alive."""
        return f"{self.prefix}.l.{link}"

    def value(self, key: str) -> str:
        """Subject of the record of a key in the store."""
        return f"{self.prefix}.s.{token_of(key)}"
