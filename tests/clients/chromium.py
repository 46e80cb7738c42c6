"""A headless Chromium, driven by its DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 20.0  # seconds; a first start on a busy machine takes some
EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or ""
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--mute-audio",
    "--remote-debugging-pipe",
)  # fmt: skip

# The protocol's descriptors are 3 and 4.
_WITH_PIPES = (
    "import fcntl, os, sys; reading, writing = (fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) "
    "for each in sys.argv[1:3]); os.dup2(reading, 3); os.dup2(writing, 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class Page:
    """One tab."""

    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        return self._browser.call(method, parameters, self._session)

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression, which may be a promise."""
        answer = self.do(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise ValueError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, expression: str, expected: Any = True, patience: float = PATIENCE) -> float:
        """Wait for an expression's value; the seconds that it took."""
        started = time.perf_counter()
        found = None
        while time.perf_counter() - started < patience:
            try:
                found = self.value(expression)
            except (ValueError, ProtocolError) as error:  # between two documents
                found = error
            if found == expected:
                return time.perf_counter() - started
            time.sleep(0.002)
        raise AssertionError(f"{expression} is {found!r}, not {expected!r}")

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self.do("Page.navigate", url=url)
        self.wait_for(f"document.readyState == 'complete' && location.href == {json.dumps(url)}")

    def faults(self) -> list[Any]:
        """Exceptions and errors of this tab so far."""
        names = ("Runtime.exceptionThrown", "Log.entryAdded")
        events = tuple(self._browser.events)
        mine = [each for each in events if each.get("sessionId") == self._session]
        return [each["params"] for each in mine if each["method"] in names]

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.do("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        self._browser.call("Target.closeTarget", {"targetId": self._target})


class ProtocolError(Exception):
    """The browser has refused a call."""


class Chromium:
    """One browser with a profile of its own; leaves nothing behind."""

    def __init__(self, *options: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        command = [EXECUTABLE, *_OPTIONS, f"--user-data-dir={self._profile}", *options]
        arguments = (str(to_browser), str(from_browser), *command)
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _WITH_PIPES, *arguments],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.events: list[dict[str, Any]] = []
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._number = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def page(self, url: str = "about:blank") -> Page:
        """A new tab."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        page = Page(self, target, session["sessionId"])
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.do(f"{domain}.enable")
        if url != "about:blank":
            page.open(url)
        return page

    def call(
        self, method: str, parameters: dict[str, Any], session: str | None = None
    ) -> dict[str, Any]:
        self._number += 1
        number = self._number
        answers = self._answers[number] = queue.SimpleQueue()
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = answers.get(timeout=PATIENCE)
        if "error" in answer:
            raise ProtocolError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def heard(self, method: str, of: Callable[[dict[str, Any]], bool] = bool) -> list[Any]:
        """Parameters of the events of this name so far."""
        named = [event["params"] for event in tuple(self.events) if event["method"] == method]
        return list(filter(of, named))

    def stop(self) -> None:
        """Have the whole browser stand still, as with a machine that sleeps."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _read(self) -> None:
        data = bytearray()
        while piece := os.read(self._from, 1 << 16):
            data += piece
            while (end := data.find(b"\0")) >= 0:
                message = json.loads(data[:end])
                del data[: end + 1]
                if "id" in message:
                    self._answers.pop(message["id"]).put(message)
                else:
                    self.events.append(message)
