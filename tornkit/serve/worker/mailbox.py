"""A worker's end of its channel, for any number of threads.

A claim is answered where it was made: `ask` blocks its thread until the grant is there, or has the
answer among the `Offers` that came with `Boot`. Any other message is queued, whoever read it, and
`on_mail` is called when a wait has left something in the queue: the descriptor tells no loop of
what was read already.

    thread that claims ── ask ──▶ grant          any loop that watches the channel ── read ──▶ queue
                            └── what else came ──▶ queue, on_mail()

One lock covers a claim and its grant, so a loop can't read the grant of another thread's claim.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Claim, Grant, Message, Offer

Mail = tuple[Message, list[int]]


class Offers:
    """Descriptors of listening sockets, each for one claim until the worker is ready."""

    def __init__(self) -> None:
        self._descriptors: dict[Claim, list[int]] = {}
        self._taken: list[Claim] = []

    def add(self, offers: Iterable[Offer], descriptors: Sequence[int]) -> None:
        """Add offers, with their descriptors in the same order."""
        left = iter(descriptors)
        for offer in offers:
            self._descriptors[offer.claim.place] = list(islice(left, offer.count))

    def take(self, claim: Claim) -> list[int] | None:
        """The descriptors for a claim, once; None where there are none."""
        if claim.place not in self._descriptors:
            return None
        self._taken.append(claim)  # first: whoever finds them gone by now has to find this
        return self._descriptors.pop(claim.place, None)

    def settle(self) -> tuple[Claim, ...]:
        """Close the descriptors that were not taken; return the claims that took the others.

        A claim that comes in this very moment, in another thread, may be returned and asked for.
        """
        self.close()
        return tuple(self._taken)

    def close(self) -> None:
        """Close the descriptors that were not taken."""
        while self._descriptors:
            _, descriptors = self._descriptors.popitem()
            for descriptor in descriptors:
                os.close(descriptor)


class Mailbox:
    """Messages from the supervisor: grants for threads that claim, a queue of all others.

    ``on_mail()`` is called in the thread of a claim, after its wait, where messages came meanwhile.
    """

    def __init__(self, channel: Channel, on_mail: Callable[[], None]) -> None:
        self._channel = channel
        self._on_mail = on_mail
        self._reading = threading.Lock()
        self._queue: deque[Mail] = deque()
        self.offers = Offers()
        self._unwanted = 0  # grants on their way whose claim was given up

    def fileno(self) -> int:
        return self._channel.fileno()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message to the supervisor, from any thread.

        :raises ChannelClosed: the supervisor is gone.
        """
        self._channel.send(message, descriptors)

    def ask(self, claim: Claim) -> Mail:
        """Send a claim and wait for its grant, unless its sockets were offered before.

        :raises ChannelClosed: the supervisor is gone.
        """
        offered = self.offers.take(claim)
        if offered is not None:
            return Grant(), offered
        with self._reading:
            self._channel.send(claim)
            try:
                grant = self._await_grant()
            except ChannelClosed:
                raise
            except BaseException:  # of a signal handler, say: the grant comes nevertheless
                self._unwanted += 1
                raise
            self._read()  # behind a grant there may be more, in memory, where no loop sees it
        if self._queue:
            self._on_mail()
        return grant

    def read(self) -> None:
        """Queue messages that have come, without waiting; none while a thread waits for its grant.

        :raises ChannelClosed: the supervisor is gone, and all that it said was queued before.
        """
        if self._reading.acquire(blocking=False):
            try:
                self._queue_ready()
            finally:
                self._reading.release()

    def take(self) -> Mail | None:
        """The next queued message; None where there is none."""
        try:
            return self._queue.popleft()
        except IndexError:
            return None

    def _await_grant(self) -> Mail:
        while True:
            mail = self._channel.receive()
            if not isinstance(mail[0], Grant):
                self._queue.append(mail)
            elif self._unwanted:
                self._drop(mail)
            else:
                return mail

    def _read(self) -> None:
        try:
            self._queue_ready()
        except ChannelClosed:
            return  # the descriptor goes on telling of it

    def _queue_ready(self) -> None:
        for mail in self._channel.receive_ready():
            if isinstance(mail[0], Grant):
                self._drop(mail)
            else:
                self._queue.append(mail)

    def _drop(self, mail: Mail) -> None:
        self._unwanted -= 1
        for descriptor in mail[1]:
            os.close(descriptor)
