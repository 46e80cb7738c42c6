"""Inside the process that runs the tests: ``python -m ...child SERVER LOOP [PATTERN...]``.

Prints one JSON document, an Outcome, on the standard output that it was started with; whatever the
tests print goes to standard error, and what is written there is part of the answer.
"""

from __future__ import annotations

import asyncio
import faulthandler
import io
import logging
import os
import sys
import time
import unittest
import warnings
from pathlib import Path

import tornado

from tests.engine.servers import server_class
from tests.engine.tornado_suite.exceptions import EXCEPTIONS
from tests.engine.tornado_suite.outcome import Failure, Outcome
from tests.engine.tornado_suite.recording import Recording
from tests.engine.tornado_suite.responses import Responses
from tests.engine.tornado_suite.substitute import Usage, substitute
from tornkit.engine import speedups, websocket

# security_corpus_test is new in 6.6; see `_available`.
MODULES = (
    "tornado.test.web_test",
    "tornado.test.httpserver_test",
    "tornado.test.http1connection_test",
    "tornado.test.websocket_test",
    "tornado.test.routing_test",
    "tornado.test.simple_httpclient_test",
    "tornado.test.httpclient_test",
    "tornado.test.security_corpus_test",
    "tornado.test.wsgi_test",
    "tornado.test.circlerefs_test",
)
_SINCE = {"tornado.test.security_corpus_test": (6, 6)}


class Recorder(io.TextIOBase):
    """Standard error, kept as well as written."""

    def __init__(self, real: io.TextIOBase) -> None:
        self.real = real
        self.kept: list[str] = []

    def write(self, text: str) -> int:
        self.kept.append(text)
        return self.real.write(text)

    def flush(self) -> None:
        self.real.flush()

    def fileno(self) -> int:
        return self.real.fileno()


def use_loop(name: str) -> str:
    """Makes every new event loop of this process one of ``name``'s; says which class that is.

    Through the policy: Tornado's tests make their loops with IOLoop(), which asks
    ``asyncio.new_event_loop()``, and with ``asyncio.run``; both ask the policy. It is deprecated
    since Python 3.12 by uvloop and since 3.14 by Python, and there is no other way into
    asyncio.run without an argument.
    """
    if name == "uvloop":
        import uvloop

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.new_event_loop()
    loop.close()
    return f"{type(loop).__module__}.{type(loop).__qualname__}"


def be_strict() -> None:
    """Warnings as in ``tornado.test.runtests``: errors, but for others' deprecations."""
    warnings.filterwarnings("error")
    warnings.filterwarnings("ignore", category=ImportWarning)
    for category in (DeprecationWarning, PendingDeprecationWarning):
        warnings.filterwarnings("ignore", category=category)
        warnings.filterwarnings("error", category=category, module=r"tornado\..*")
    # Every test fails on an unexpected log line, and a line for each request is expected.
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)


def _available() -> list[str]:
    return [name for name in MODULES if tornado.version_info[:2] >= _SINCE.get(name, (0, 0))]


def run(patterns: list[str]) -> tuple[Recording, float]:
    """Runs what matches any of ``patterns`` (all without one); the result and the seconds.

    A pattern is matched against "module.Class.test", with * and ? where it has any and as a part
    of it otherwise.
    """
    loader = unittest.TestLoader()
    if patterns:
        loader.testNamePatterns = [
            each if set(each) & set("*?[") else f"*{each}*" for each in patterns
        ]
    suite = loader.loadTestsFromNames(_available())
    recording = Recording()
    start = time.monotonic()
    suite.run(recording)
    return recording, time.monotonic() - start


def judged(
    server: str, loop: str, loop_class: str, patterns: list[str], stderr: Recorder, usage: Usage
) -> Outcome:
    """Runs the tests and holds what became of them against the list of exceptions."""
    recording, seconds = run(patterns)
    broken = recording.broken
    stale = tuple(test for test in EXCEPTIONS if test in recording.began and test not in broken)
    return Outcome(
        server=server,
        loop=loop,
        loop_class=loop_class,
        ran=recording.testsRun,
        passed=recording.passed,
        skipped=dict(recording.skips),
        excused={test: EXCEPTIONS[test] for test in broken if test in EXCEPTIONS},
        stale=stale,
        failures=tuple(
            Failure(test, "\n".join(why)) for test, why in broken.items() if test not in EXCEPTIONS
        ),
        stray=tuple("".join(stderr.kept).splitlines()),
        servers=usage.servers,
        served_by_tornado=usage.served_by_tornado,
        seconds=round(seconds, 2),
    )


def main(server: str, loop: str, *patterns: str) -> None:
    """Answers on the real standard output, so that no test's print gets between.

    "--speedups" and "--websocket" among the patterns install these, and "--responses=FILE" writes
    down what was answered to each request.
    """
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    faulthandler.enable()
    # Nothing outside this machine is asked, whatever it would answer.
    os.environ["NO_NETWORK"] = "1"
    # Five times as long for the one test that else gives a request 0.1 s to arrive: a busy machine
    # takes longer. (No test of these modules is left out for it.)
    os.environ["EMULATION"] = "1"
    loop_class = use_loop(loop)
    options = [each for each in patterns if each.startswith("--")]
    wanted = [each.partition("=")[2] for each in options if each.startswith("--responses=")]
    usage = substitute(server_class(server))
    if "--speedups" in options:
        speedups.install()
    if "--websocket" in options and not websocket.install():
        raise SystemExit("this Tornado's WebSockets are not known")
    responses = Responses() if wanted else None
    be_strict()
    stderr = sys.stderr = Recorder(sys.stderr)  # type: ignore[arg-type]
    outcome = judged(
        server, loop, loop_class, [each for each in patterns if each not in options], stderr, usage
    )
    if responses is not None:
        Path(wanted[0]).write_text(responses.to_json())
    with answer:
        answer.write(outcome.to_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
