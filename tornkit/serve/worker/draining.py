"""End of a worker: stops accepting, lets its connections go, and waits for what is busy."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial

from tornkit import lobby
from tornkit.engine.open_ended import StreamPolicy
from tornkit.serve.config import STREAM_PATIENCE_RELOADED, STREAM_PATIENCE_STOPPED
from tornkit.serve.wire.messages import Closed, Drain, Handover
from tornkit.serve.worker import signals
from tornkit.serve.worker.close_schedule import WEBSOCKET_SPREAD
from tornkit.serve.worker.listening import Listening
from tornkit.serve.worker.mailbox import Mailbox
from tornkit.serve.worker.serving_loops import ServingLoop, ServingLoops, running_loop

# RFC 6455, section 7.4.1, and the registry it founded: going away; service restart.
_WEBSOCKET_SHUTDOWN, _WEBSOCKET_RESTART = 1001, 1012
_REST = 0.1  # seconds
# Seconds for the other loops to let go of their connections; a handler may block one.
_CLOSE_PATIENCE = 0.4
_LOOK = 0.05  # seconds between looks at whether a loop that is waited for has ended
_log = logging.getLogger("tornkit")


class Draining:
    """Ends the serving of all loops; ``end`` is called last, whatever goes wrong.

    ``reload``: streams get a moment only. ``hooks`` are what the program had registered with
    `tornado.autoreload.add_reload_hook`; they run where a successor serves.
    """

    def __init__(
        self,
        loops: ServingLoops,
        listening: Listening,
        mailbox: Mailbox,
        *,
        reload: bool,
        hooks: Iterable[Callable[[], None]],
        end: Callable[[], None],
    ) -> None:
        self._loops = loops
        self._listening = listening
        self._mailbox = mailbox
        self._reload = reload
        self._hooks = hooks
        self._end = end
        self.tasks: set[asyncio.Future[None]] = set()

    def begin(self, drain: Drain) -> None:
        """Accept no more, and let go of connections in each loop that runs."""
        lobby.leave()
        signals.end_by(drain.final)
        self._listening.end()
        self._listening.let_early_go(self._release if drain.successor else None)
        running = [each for each in self._loops if each.is_alive]
        here = running_loop()
        # This thread's, if it has one that serves.
        for leader in sorted(running, key=lambda each: each.loop is not here):
            if leader.call(partial(self._spawn, leader, drain)):
                return
        self._end()

    def _spawn(self, leader: ServingLoop, drain: Drain) -> None:
        task = asyncio.ensure_future(self._run(leader, drain))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _run(self, leader: ServingLoop, drain: Drain) -> None:
        try:
            others = [each for each in self._loops if each is not leader and each.is_alive]
            letting_go = [self._start_in(each, self._let_go(each, drain)) for each in others]
            await self._let_go(leader, drain)
            await _until_done(others, letting_go, _CLOSE_PATIENCE)
            self._mailbox.send(Closed())
            draining = [
                self._start_in(each, each.connections.drained(drain.timeout)) for each in others
            ]
            await leader.connections.drained(drain.timeout)
            await _until_done(others, draining, drain.timeout)
            if drain.successor:
                # To end is work, and the successors' first answers are waited for.
                await asyncio.sleep(_REST)
                self._run_hooks()
        finally:
            self._end()  # whatever went wrong: it has been told to

    def _stream_patience(self, drain: Drain) -> float | None:
        if not self._reload:
            return None
        return STREAM_PATIENCE_RELOADED if drain.successor else STREAM_PATIENCE_STOPPED

    async def _let_go(self, serving: ServingLoop, drain: Drain) -> None:
        """Stop accepting in this loop, and let go of its connections."""
        self._listening.close(serving.loop, final=bool(drain.final))
        moments = partial(WEBSOCKET_SPREAD.moments, timeout=drain.timeout)
        serving.websockets.close_all(
            _WEBSOCKET_RESTART if drain.successor else _WEBSOCKET_SHUTDOWN, moments
        )
        serving.connections.begin_drain(
            self._release if drain.successor else None,
            StreamPolicy(moments, self._stream_patience(drain)),
        )

    def _start_in(
        self, serving: ServingLoop, work: Coroutine[object, object, None]
    ) -> asyncio.Future[None]:
        """Run a coroutine in another thread's loop; return a future of this thread's loop."""
        try:
            return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, serving.loop))
        except RuntimeError:  # closed in this moment
            work.close()
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

    def _run_hooks(self) -> None:
        for hook in self._hooks:
            try:
                hook()
            except Exception:  # noqa: BLE001 - the user's; the other hooks still run
                _log.exception("a reload hook raised")

    def _release(self, sock: socket.socket, unread: bytes) -> None:
        """Send an idle connection to the worker that takes this one's place."""
        self._mailbox.send(Handover(unread), [sock.fileno()])


async def _until_done(
    loops: Sequence[ServingLoop], works: Sequence[asyncio.Future[None]], patience: float
) -> None:
    """Wait up to ``patience`` seconds for futures of other loops; skip loops that have ended."""
    deadline = asyncio.get_running_loop().time() + patience
    waiting = dict(zip(works, loops, strict=True))
    while waiting and (left := deadline - asyncio.get_running_loop().time()) > 0:
        done, _ = await asyncio.wait(waiting, timeout=min(_LOOK, left))
        waiting = {
            work: loop for work, loop in waiting.items() if work not in done and loop.is_alive
        }
