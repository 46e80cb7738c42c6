"""Tornado's own tests pass with the servers listed here, and the harness sees when they don't."""

from __future__ import annotations

import asyncio
import os

import pytest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, ResponseStartLine

from tests.engine.servers import TORNADO
from tests.engine.tornado_suite.exceptions import EXCEPTIONS, LIMIT
from tests.engine.tornado_suite.outcome import Failure, Outcome, as_text
from tests.engine.tornado_suite.processes import run

HERE = "tests.engine.test_tornado_suite"


class Refusing(HTTPServer):
    """A server that answers 503 to everything: nothing that a test asks of it can pass."""

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        class Refusal(HTTPMessageDelegate):
            def finish(self) -> None:
                request_conn.write_headers(
                    ResponseStartLine("HTTP/1.1", 503, "Refused"), HTTPHeaders()
                )
                request_conn.finish()

        return Refusal()


class Leaving(HTTPServer):
    """A server that leaves a task behind that nobody waits for, as its destructor says."""

    def stop(self) -> None:
        super().stop()
        asyncio.Future(loop=asyncio.new_event_loop()).set_exception(RuntimeError("left behind"))


class Fatal(HTTPServer):
    """A server that takes the whole process along."""

    def add_sockets(self, sockets: object) -> None:
        os._exit(7)


@pytest.mark.thorough
@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("server", "loop"),
    [("tornkit:HTTPServer", "asyncio"), ("tornkit:HTTPServer", "uvloop")],
)
def test_all_of_tornados_tests_pass(server: str, loop: str) -> None:
    outcome = run(server, loop, limit=180)

    assert outcome.is_good, as_text(outcome)
    assert outcome.ran > 600
    assert outcome.passed >= outcome.ran - 20, outcome.skipped
    assert outcome.servers > 600
    assert (outcome.served_by_tornado >= outcome.servers) == (server == TORNADO)


def test_a_server_that_answers_wrongly_fails_and_is_the_one_that_was_asked() -> None:
    outcome = run(f"{HERE}:Refusing", "asyncio", ("HTTPServerTest", "test_wait_for_handshake"))

    assert not outcome.is_good
    assert "tornado.test.httpserver_test.HTTPServerTest.test_double_slash" in [
        failure.test for failure in outcome.failures
    ]
    assert "503" in as_text(outcome, longest=10_000)


def test_what_is_written_to_standard_error_is_a_failure() -> None:
    outcome = run(f"{HERE}:Leaving", "asyncio", ("*.HTTPServerTest.test_double_slash",))

    assert outcome.passed + len(outcome.failures) == outcome.ran == 1
    assert not outcome.is_good
    assert "left behind" in as_text(outcome)


def test_a_child_that_ends_early_is_a_failure() -> None:
    outcome = run(f"{HERE}:Fatal", "asyncio", ("*.HTTPServerTest.test_double_slash",))

    assert not outcome.is_good
    assert "ended with code 7" in outcome.failures[0].why


def test_nothing_that_ran_is_no_success() -> None:
    assert not run(TORNADO, "asyncio", ("no such test",)).is_good


def test_the_loop_is_the_one_that_was_asked_for() -> None:
    outcome = run(TORNADO, "uvloop", ("*.HTTPServerTest.*", "*.CircleRefsTest.test_async_handler"))

    assert outcome.is_good, as_text(outcome)
    assert outcome.loop_class.startswith("uvloop.")


def test_an_outcome_survives_its_way_between_the_processes() -> None:
    outcome = Outcome(
        server=TORNADO,
        loop="uvloop",
        skipped={"no curl": 2},
        excused={"a.b": "because"},
        stale=("c.d",),
        failures=(Failure("e.f", "why"),),
        stray=("a line",),
    )

    assert Outcome.from_json(outcome.to_json()) == outcome


def test_the_exceptions_are_few_and_none_is_about_security() -> None:
    assert len(EXCEPTIONS) <= LIMIT
    assert not [test for test in EXCEPTIONS if "security" in test]
    assert all(EXCEPTIONS.values())
