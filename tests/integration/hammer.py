"""Clients that ask without pause while a server reloads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.clients.blocking import connect
from tests.clients.messages import Response
from tests.integration.waiting import PATIENCE, wait_for


@dataclass
class Hammer:
    """Clients in threads that ask without pause, each answer ``<version> …``.

    One keeps its connection, one opens a connection for each request. No request may fail, and
    none that is sent after an answer of version n was seen by anybody may get one below n.
    """

    url: str
    newest: int = 0
    answers: int = 0
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Hammer:
        for ask in (self._keep_asking, self._ask_anew):
            thread = threading.Thread(target=self._run, args=(ask,))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
        assert self.faults == []

    def wait_for_version(self, version: int) -> None:
        """Wait until an answer of this version, and a further answer, came."""
        wait_for(lambda: self.newest >= version or self.faults, f"an answer of version {version}")
        before = self.answers
        wait_for(lambda: self.answers > before or self.faults, "another answer")
        assert self.faults == []

    def _run(self, ask: Callable[[], None]) -> None:
        try:
            ask()
        except Exception as error:  # noqa: BLE001 - whatever a client may meet is a fault
            self.faults.append(f"{ask.__name__}: {error!r} at version {self.newest}")

    def _ask_anew(self) -> None:
        while not self._stop.is_set():
            floor = self.newest
            with connect(self.url) as client:
                self._note(client.request("/", "Connection: close"), floor, "new")

    def _keep_asking(self) -> None:
        while not self._stop.is_set():
            with connect(self.url) as client:
                closing = False
                while not closing and not self._stop.is_set():
                    floor = self.newest
                    response = client.request()
                    self._note(response, floor, "kept")
                    closing = response.closes

    def _note(self, response: Response, floor: int, which: str) -> None:
        with self._lock:
            self.answers += 1
            version = int(response.text.split()[0]) if response.status == 200 else None
            if version is None:
                self.faults.append(f"{which}: status {response.status}")
            elif version < floor:
                self.faults.append(f"{which}: version {version} after version {floor} was seen")
            else:
                self.newest = max(self.newest, version)
