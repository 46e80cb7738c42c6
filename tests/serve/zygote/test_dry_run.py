"""What a worker does before anybody waits: it is real, leaves nothing, and nobody sees it."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from tornkit import linux
from tornkit.serve.zygote.dry_run import rehearse

on_linux = pytest.mark.skipif(not linux.USED, reason="needs sockets without a name")


def run(script: str) -> str:
    """What a fresh interpreter prints."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


@on_linux
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_request_is_answered_by_what_will_serve(loop: str) -> None:
    told = run(
        f"""
        from tornado.httpserver import HTTPServer
        from tornado.web import RequestHandler
        from tornkit.engine import loops, speedups
        from tornkit.engine.server import HTTPServer as Engine
        from tornkit.serve.zygote.dry_run import rehearse

        loops.use({loop!r})
        HTTPServer.configure(Engine)
        speedups.install()
        def told(handler):
            print(type(handler.request.connection).__name__, handler.get_status())
        RequestHandler.on_finish = told
        rehearse()
        rehearse()
        """
    )
    assert told == "Exchange 200\n" * 2


@on_linux
def test_it_is_not_counted_among_the_workers_requests() -> None:
    told = run(
        """
        from tornado.httpserver import HTTPServer
        from tornkit.engine.server import HTTPServer as Engine
        from tornkit.serve.worker.serving_loops import ServingLoops
        from tornkit.serve.zygote.dry_run import rehearse

        HTTPServer.configure(Engine)
        Engine.observer = loops = ServingLoops()  # as a worker has it, when it rehearses
        rehearse()
        print(loops.requests_in_all, len(list(loops)))
        """
    )
    assert told == "0 0\n"


@on_linux
def test_a_request_is_answered_by_tornado_too() -> None:
    told = run(
        """
        from tornado.web import RequestHandler
        from tornkit.serve.zygote.dry_run import rehearse

        RequestHandler.on_finish = lambda handler: print(handler.get_status())
        rehearse()
        """
    )
    assert told == "200\n"


@on_linux
@pytest.mark.usefixtures("no_leaks")
def test_it_leaves_nothing() -> None:
    told = run(
        """
        import asyncio, gc, os, sys, threading
        from tornkit.serve.zygote.dry_run import rehearse

        def there_is():
            gc.collect()
            return set(sys.modules), sorted(os.listdir("/proc/self/fd")), threading.enumerate()

        rehearse()  # what Tornado imports for the first request stays
        before = there_is()
        rehearse()
        assert there_is() == before
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            print("no loop runs")
        assert not [name for name in sys.modules if "rehearsed" in name]
        assert not [name for name in sys.path if "rehearsed" in name]
        """
    )
    assert told == "no loop runs\n"


@on_linux
def test_a_worker_does_not_tell_of_its_application() -> None:
    told = run(
        """
        from tornkit import seams
        from tornkit.serve.zygote.zygote import Birth

        made, applications = [], seams.observe_applications()
        add = applications.add
        applications.add = lambda application: (made.append(1), add(application))
        Birth(-1, {}, may_rehearse=True)._get_ready()
        print(len(made), len(list(applications)))
        """
    )
    assert told == "1 0\n"


@on_linux
def test_what_is_replaced_is_not_looked_for_again() -> None:
    """Whatever a worker does behind its rehearsal: the first request would have to wait."""
    told = run(
        """
        from tornado.httpserver import HTTPServer
        from tornkit import seams
        from tornkit.engine import loops, speedups
        from tornkit.engine.fidelity import replaced
        from tornkit.engine.server import HTTPServer as Engine
        from tornkit.serve.zygote.dry_run import rehearse
        from tornkit.serve.worker.serving_loops import ServingLoops

        seams.prepare()
        loops.use("asyncio")
        HTTPServer.configure(Engine)
        speedups.install()
        looks, look = [], replaced._replaced
        replaced._replaced = lambda: (looks.append(1), look())[1]
        rehearse()
        print(len(looks))
        seams.observe_connections(ServingLoops())
        rehearse()
        print(len(looks))
        """
    )
    assert told == "1\n1\n"


def test_what_the_system_does_not_give_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> socket.socket:
        raise OSError("no descriptor is left")

    none = SimpleNamespace(socket=refuse, AF_UNIX=socket.AF_UNIX)
    monkeypatch.setattr("tornkit.serve.zygote.dry_run.socket", none)
    rehearse()


@on_linux
def test_an_answer_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornkit.serve.zygote.dry_run._REQUEST", b"GET")
    monkeypatch.setattr("tornkit.serve.zygote.dry_run._PATIENCE", 0.05)
    rehearse()


@on_linux
def test_nobody_reads_of_it_in_a_log() -> None:
    told = run(
        """
        import logging
        from tornkit.serve.zygote.dry_run import rehearse

        logging.basicConfig(level=logging.INFO)
        rehearse()
        """
    )
    assert told == ""


def test_tornado_alone_may_see_it() -> None:
    told = run(
        """
        from tornkit import seams
        from tornkit.serve.zygote.dry_run import is_unpatched, rehearse

        seams.prepare()
        rehearse()
        print(is_unpatched())
        """
    )
    assert told == "True\n"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "method",
    ["web.RequestHandler.prepare", "web.Application.__init__", "routing.Router.start_request"],
)
@pytest.mark.parametrize(
    "replacement", ["lambda self: None", "Wrapper()", "property(lambda self: 1)", "print"]
)
def test_a_library_that_listens_to_requests_may_not(method: str, replacement: str) -> None:
    told = run(
        f"""
        from tornado import routing, web
        from tornkit.serve.zygote.dry_run import is_unpatched

        class Wrapper:
            def __call__(self):
                pass

        assert is_unpatched()
        {method} = {replacement}
        print(is_unpatched())
        """
    )
    assert told == "False\n"
