"""A worker's end of its channel, for any number of threads.

A claim is answered where it was made: `ask` blocks its thread until the grant is there. Any other
message is queued, whoever read it, and `on_mail` is called when a wait has left something in the
queue: the descriptor tells no loop of what was read already.

    thread that claims ── ask ──▶ grant          any loop that watches the channel ── read ──▶ queue
                            └── what else came ──▶ queue, on_mail()

One lock covers a claim and its grant, so a loop can't read the grant of another thread's claim.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence

from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Claim, Grant, Message

Mail = tuple[Message, list[int]]


class Mailbox:
    """Messages from the supervisor: grants for who asks, a queue of the rest.

    ``on_mail()`` is called in the thread of a claim, after its wait, where messages came meanwhile.
    """

    def __init__(self, channel: Channel, on_mail: Callable[[], None]) -> None:
        self._channel = channel
        self._on_mail = on_mail
        self._reading = threading.Lock()
        self._queue: deque[Mail] = deque()
        self._unwanted = 0  # grants on their way whose claim was given up

    def fileno(self) -> int:
        return self._channel.fileno()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send it, from any thread.

        :raises ChannelClosed: the supervisor is gone.
        """
        self._channel.send(message, descriptors)

    def ask(self, claim: Claim) -> Mail:
        """Send a claim and wait for its grant.

        :raises ChannelClosed: the supervisor is gone.
        """
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
        """Queue what has come, without waiting; nothing while a thread waits for its grant.

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
