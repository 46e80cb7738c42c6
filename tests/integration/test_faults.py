"""Limits of the system, real and injected: nothing is lost that could be kept.

`python -m tests.integration.faults` makes every call fail that may; here are those on which much
depends.
"""

from __future__ import annotations

import errno
import itertools
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.faults.campaign import Campaign, faults_of

if TYPE_CHECKING:
    from tests.integration.serve import Serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process")

APP = """\
import os
from tornado.web import Application, RequestHandler

VERSION = 1


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} {os.getpid()}")


def make_app():
    return Application([("/", Main), ("/pid", Main)])
"""


def descriptors(pid: int) -> int:
    """The lowest number of none that is open; there may be a few that are much higher."""
    numbers = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in itertools.count() if number not in numbers)


def fill_up(pid: int) -> None:
    """Leave the process no descriptor but numbers that it has closed since."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors(pid), hard))


@pytest.mark.thorough
def test_a_worker_at_its_limit_hands_over_all_that_it_has(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "--no-access-log")
    clients = [server.connect() for _ in range(12)]
    (pid,) = {int(client.request().text.split()[1]) for client in clients}
    fill_up(pid)
    with server.connect() as late:  # it waits in the backlog
        late.send_request()
        server.wait_for_log("connections wait to be accepted: Too many open files")
        server.edit("app.py", "VERSION = 1", "VERSION = 2")
        server.wait_for_reload()
        assert late.read_response().text.startswith("2 ")
    for client in clients:
        assert client.request().text.startswith("2 ")
        client.close()
    assert server.errors == []
    assert "Traceback" not in server.log


@pytest.mark.thorough
def test_a_supervisor_at_its_limit_goes_on(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    server.wait_for_log("warm: ")
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    fill_up(server.process.pid)
    with server.connect() as client:
        assert client.request().text.startswith("1 ")
        server.edit("app.py", "VERSION = 1", "VERSION = 2")
        server.wait_for_log(r"error: workers can't be started: Too many open files")
        assert client.request().text.startswith("1 ")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
        server.wait_for_answer("2 ")  # by itself, no other edit is needed
        assert client.request().text.startswith("2 ")
    assert "Traceback" not in server.log


# As another user: no limit of processes holds for root. It may enter root's folders all the same.
OTHER_USER = (
    *("setpriv", "--reuid=31415", "--clear-groups", "--inh-caps=+dac_override"),
    *("--ambient-caps=+dac_override", "prlimit", "--nproc=40:40"),
)
FILLING = """\
import os, sys, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
except OSError:
    print("full", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.thorough
def test_without_a_process_to_give(serve: Serve) -> None:
    serve.folder.parent.chmod(0o777)
    server = serve({"app.py": APP}, "--no-access-log", prefix=OTHER_USER)
    server.wait_for_log("warm: ")
    filling = subprocess.Popen(
        [*OTHER_USER, sys.executable, "-S", "-c", FILLING],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with filling:
        try:
            assert filling.stdout is not None
            assert filling.stdout.readline() == b"full\n"
            server.edit("app.py", "VERSION = 1", "VERSION = 2")
            server.wait_for_log("error: workers can't be started: Resource temporarily unavailable")
            assert server.get().text.startswith("1 ")
        finally:
            os.killpg(filling.pid, signal.SIGKILL)
    server.wait_for_answer("2 ")
    assert "Traceback" not in server.log


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    campaign = Campaign(tmp_path)
    yield campaign
    campaign.close()


# Sites on which the keeping of connections and the start of processes depend.
CHOSEN = (
    r"os\.(fork|memfd_create|dup2|ftruncate)|mmap\.mmap|\.(sendmsg|recvmsg)$|asyncio\.Runner|"
    r"serve/(loop|zygote|worker|listening)\.py:\d+ (socket\.socket|\.register|\.poll)"
)


@pytest.mark.thorough
@pytest.mark.timeout(180)
def test_what_is_refused_costs_nothing_that_could_be_kept(campaign: Campaign) -> None:
    reached = campaign.record(["fork"])
    faults = faults_of(reached, (errno.EMFILE,), pattern=CHOSEN)
    faults = [fault for fault in faults if fault.step not in ("boot", "stop")]
    assert len({fault.kind for fault in faults}) == 3
    outcomes = list(campaign.run(faults))
    bad = [outcome for outcome in outcomes if outcome.is_bad]
    assert bad == []
    assert sum(outcome.how != "unfired" for outcome in outcomes) > 12
