"""Warm imports: what is warm, what may not be, and that nobody notices but by the time it takes."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tornkit

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import json
import os
import random
import sys
import uuid

import parcel
from tornado.web import Application, RequestHandler

TOKENS = [os.urandom(8).hex(), uuid.uuid4().hex, random.random()]


class Main(RequestHandler):
    def get(self):
        self.write(
            {"pid": os.getpid(), "parent": os.getppid(), "tokens": TOKENS, "rolls": random.random()}
            | {"label": parcel.LABEL, "born_in": parcel.PID, "env": os.environ.get("GREETING")}
            | {"threads": os.environ.get("OPENBLAS_NUM_THREADS"), "version": 1}
        )


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/", Main), ("/pid", Pid)])
"""

# A well-behaved third-party package: it remembers which process imported it.
PARCEL = "import os\nLABEL = 'first'\nPID = os.getpid()\n"


@dataclass
class Packages:
    """Third-party packages: in the user's site-packages, which is made up."""

    base: Path

    @property
    def folder(self) -> Path:
        scheme = sysconfig.get_preferred_scheme("user")
        return Path(sysconfig.get_path("purelib", scheme, vars={"userbase": str(self.base)}))

    def install(self, name: str, source: str) -> Path:
        path = self.folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return path

    @property
    def environment(self) -> Mapping[str, str]:
        importable = os.pathsep.join((str(Path(tornkit.__file__).parents[1]), str(self.folder)))
        return {"PYTHONUSERBASE": str(self.base), "PYTHONPATH": importable}


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    packages = Packages(tmp_path / "installed")
    packages.install("parcel", PARCEL)
    return packages


def reload(server: Server, number: int = 1) -> None:
    server.edit("app.py", f'"version": {number}', f'"version": {number + 1}')
    server.wait_for_reload(number)


def quarantined(server: Server) -> dict[str, str]:
    found: dict[str, str] = server.status()["warm"]["quarantined"]
    return found


def test_several_workers_are_warm_from_the_first_start_on(serve: Serve, packages: Packages) -> None:
    server = serve({"app.py": APP}, "--workers", "2", env=packages.environment)
    answer = server.get().json()
    assert answer["born_in"] == answer["parent"]
    server.wait_for_log(r"warm: \d+ modules")
    assert quarantined(server) == {}


@pytest.mark.thorough
def test_what_was_foreseen_and_is_unsafe_is_imported_by_each_worker(
    serve: Serve, packages: Packages
) -> None:
    packages.install(
        "parcel",
        f"""\
        import threading, time
        {PARCEL.replace(chr(10), "; ")}
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
        """,
    )
    server = serve({"app.py": APP}, "--workers", "2", env=packages.environment)
    answer = server.get().json()
    assert answer["born_in"] == answer["pid"]
    server.wait_for_log("quarantined")
    assert quarantined(server) == {"parcel": "starts a thread"}


@pytest.mark.thorough
def test_a_module_is_imported_once_for_all_workers(serve: Serve, packages: Packages) -> None:
    server = serve({"app.py": APP}, env=packages.environment)
    server.wait_for_log(r"warm: \d+ modules")
    answer = server.get().json()
    assert answer["born_in"] == answer["pid"], "the first worker imports by itself"
    reload(server)
    answer = server.get().json()
    assert answer["born_in"] == answer["parent"], "the next are forks of a process that has it"
    assert answer["parent"] in server.status()["zygotes"]
    modules = re.findall(r"warm: (\d+) modules", server.log)
    assert [int(each) for each in modules] == [server.status()["warm"]["modules"]]
    assert quarantined(server) == {}


def test_each_worker_has_random_numbers_of_its_own(serve: Serve, packages: Packages) -> None:
    packages.install("parcel", PARCEL + "import random\nrandom.random()\n")
    server = serve({"app.py": APP}, "--workers", "2", env=packages.environment)
    server.wait_for_log("warm: ")
    reload(server)
    answers: dict[int, Any] = {}
    while len(answers) < 2:
        answer = server.get().json()
        answers[answer["pid"]] = answer
    one, other = answers.values()
    assert one["born_in"] == other["born_in"]
    for mine, theirs in zip(one["tokens"], other["tokens"], strict=True):
        assert mine != theirs
    assert one["rolls"] != other["rolls"]


# ---- what may not be warm ----

UNSAFE = {
    "starts a thread": """\
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    """,
    "keeps a descriptor open": "KEPT = open(__file__)\n",
    # It ends with this process: its input is then at an end.
    "starts a process": """\
        import subprocess
        CHILD = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    """,
    "sets a signal handler": """\
        import signal
        signal.signal(signal.SIGUSR1, lambda number, frame: None)
    """,
    "sets an exit handler": (
        "import weakref\n\ndef kept():\n    pass\n\nweakref.finalize(kept, print, 'bye')\n"
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="looks at itself in /proc")
@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(reason, marks=() if number < 2 else pytest.mark.thorough)
        for number, reason in enumerate(UNSAFE)
    ],
)
@pytest.mark.thorough
def test_a_module_that_leaves_something_behind_is_not_warm(
    serve: Serve, packages: Packages, reason: str
) -> None:
    packages.install("culprit", UNSAFE[reason])
    packages.install("user_of_it", "import culprit\nimport os\nPID = os.getpid()\n")
    source = "import user_of_it\n" + APP.replace("parcel.PID", "user_of_it.PID")
    server = serve({"app.py": source}, env=packages.environment)
    server.wait_for_log(rf"warm: \d+ modules; 1 quarantined \(culprit {reason}\)")
    assert quarantined(server) == {"culprit": reason}
    reload(server)
    answer = server.get().json()
    assert answer["born_in"] == answer["pid"], "who imports it is not warm either"
    assert answer["parent"] in server.status()["zygotes"], "and yet it is a fork"
    reload(server, 2)
    assert server.get().json()["version"] == 3


@pytest.mark.thorough
def test_a_module_that_ends_the_process_is_blamed_by_name(serve: Serve, packages: Packages) -> None:
    """One that does so only where the application is not: a worker imports it and lives."""
    packages.install("bomb", "import os, sys\nif 'app' not in sys.modules:\n    os.abort()\n")
    server = serve({"app.py": "import bomb\n" + APP}, env=packages.environment)
    server.wait_for_log(r"warm: \d+ modules; 1 quarantined \(bomb ends the process\)")
    reload(server)
    answer = server.get().json()
    assert answer["born_in"] == answer["parent"], "the others are warm"


# ---- what makes warm imports stale ----


def test_an_upgraded_package_is_not_served_from_memory(
    serve: Serve, packages: Packages, wait_for: Callable[..., Any]
) -> None:
    """Workers that were forked ahead of time may hold the old one: then there is another reload."""
    server = serve({"app.py": APP}, env=packages.environment)
    server.wait_for_log("warm: ")
    packages.install("parcel", PARCEL.replace("first", "second, upgraded"))
    server.edit("app.py", '"version": 1', '"version": 2')
    server.wait_for_answer("second, upgraded")
    server.wait_for_log("warm: ", count=2)
    # What answers and what is warm may be told of before that reload is.
    wait_for(lambda: server.log.count("starting anew") == server.reloads, "the reloads' end")
    before = server.reloads
    server.edit("app.py", '"version": 2', '"version": 3')
    server.wait_for_reload(before + 1)
    answer = server.get().json()
    assert (answer["label"], answer["born_in"]) == ("second, upgraded", answer["parent"])


@pytest.mark.parametrize("preload", ["fork", "standby", "off"])
@pytest.mark.thorough
def test_an_edit_of_the_env_file_reaches_the_workers(
    serve: Serve, packages: Packages, preload: str, wait_for: Callable[..., Any]
) -> None:
    server = serve(
        {"app.py": APP, ".env": "GREETING=hello\n"},
        *("--env-file", ".env", "--preload", preload),
        env=packages.environment,
    )
    if preload != "off":
        server.wait_for_log("warm: ")
    assert server.get().json()["env"] == "hello"
    server.write(".env", "GREETING=moin\n")
    server.wait_for_answer("moin")
    answer = server.get().json()
    assert answer["threads"] is None, "what the zygote needs is not the user's environment"


# ---- without a zygote ----


@pytest.mark.parametrize("preload", ["standby", "off"])
@pytest.mark.thorough
def test_without_forks(
    serve: Serve, packages: Packages, preload: str, wait_for: Callable[..., Any]
) -> None:
    server = serve(
        {"app.py": APP}, "--workers", "2", "--preload", preload, env=packages.environment
    )
    if preload == "standby":
        server.wait_for_log(r"warm: \d+ modules")
        wait_for(lambda: len(server.status()["zygotes"]) == 2, "two processes stand by")
    else:
        assert server.status()["zygotes"] == []
    spares = set(server.status()["zygotes"])
    reload(server)
    pids = server.answering_pids(2)
    answer = server.get().json()
    assert answer["version"] == 2
    assert answer["parent"] == server.process.pid
    assert answer["born_in"] == answer["pid"]
    if preload == "standby":
        assert pids == spares
        wait_for(lambda: len(server.status()["zygotes"]) == 2, "two more stand by")
    victim = pids.pop()
    os.kill(victim, 9)
    server.wait_for_log(rf"\(pid {victim}\) was killed by SIGKILL; starting another now")
    assert victim not in server.answering_pids(2)
    assert server.errors == []
    assert server.stop() == 0


def is_waiting_for_word(pid: int) -> bool:
    """Whether it sleeps in a poll (Linux): then it has imported what it was told to."""
    return "poll" in Path(f"/proc/{pid}/wchan").read_text()


@pytest.mark.thorough
def test_standby_does_not_serve_an_upgraded_package_from_memory(
    serve: Serve, packages: Packages, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "--preload", "standby", env=packages.environment)
    (spare,) = wait_for(lambda: server.status()["zygotes"], "a process stands by")
    wait_for(lambda: is_waiting_for_word(spare), "it has done its imports")
    packages.install("parcel", PARCEL.replace("first", "second, upgraded"))
    reload(server)
    answer = server.get().json()
    assert answer["label"] == "second, upgraded"
    assert answer["pid"] == spare


# ---- a debugger ----

DEBUGGED = APP.replace(
    "    def get(self):\n        self.write(str(os.getpid()))",
    "    def get(self):\n        word = 'seen'\n        breakpoint()\n        self.write(word)",
)


@pytest.mark.parametrize("preload", ["fork", "standby", "off"])
@pytest.mark.thorough
def test_a_breakpoint_in_a_handler(serve: Serve, packages: Packages, preload: str) -> None:
    server = serve(
        {"app.py": DEBUGGED}, "--preload", preload, env=packages.environment, terminal=True
    )
    with server.connect() as client:
        client.send_request("/pid")
        server.wait_for_log(r"\(Pdb\)")
        server.type(b"word = word.upper()\n")
        server.wait_for_log(r"\(Pdb\)", count=2)
        server.type(b"c\n")
        assert client.read_response().text == "SEEN"
    reload(server)
    with server.connect() as client:
        client.send_request("/pid")
        server.wait_for_log(r"\(Pdb\)", count=3)
        server.type(b"c\n")
        assert client.read_response().text == "seen"
    assert server.get().json()["version"] == 2
    server.type(b"\x03")
    assert server.wait_until_ended(5.0) == 0, "Ctrl-C is the supervisor's, not the debugger's"


CHANGED = APP.replace("import parcel\n", "os.environ['COLOUR'] = 'red'\nimport parcel\n").replace(
    '"version": 1', '"colour": parcel.COLOUR, "version": 1'
)
ASKING = f"{PARCEL}COLOUR = os.environ.get('COLOUR')\n"


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("preload", ["fork", "standby"])
def test_a_program_that_sets_a_variable_before_it_imports(
    serve: Serve, packages: Packages, preload: str, workers: int
) -> None:
    packages.install("parcel", ASKING)
    options = ("--preload", preload, "--workers", str(workers))
    server = serve({"app.py": CHANGED}, *options, env=packages.environment)
    for number in range(1, 4):
        assert {server.get().json()["colour"] for _ in range(4)} == {"red"}
        server.wait_for_log("warm: ")
        reload(server, number)
    assert server.get().json()["colour"] == "red"
    server.wait_for_log("parcel depends on the variable COLOUR")
    assert quarantined(server) == {"parcel": "depends on the variable COLOUR"}


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
def test_an_extension_module_that_can_not_be_loaded_twice(
    serve: Serve, packages: Packages, workers: int
) -> None:
    """The worker begins anew, as the same process, before anything is served."""
    import _bisect

    file = getattr(_bisect, "__file__", None)
    if file is None:
        pytest.skip("this Python has its extension modules built in")
    packages.install("parcel/__init__", f"from parcel import _bisect\n{ASKING}")
    shutil.copy(file, packages.folder / "parcel")
    server = serve({"app.py": CHANGED}, "--workers", str(workers), env=packages.environment)
    for number in range(1, 4):
        answer = server.get().json()
        assert answer["colour"] == "red"
        assert answer["born_in"] == answer["pid"]
        server.wait_for_log("warm: ")
        reload(server, number)
    assert server.get().json()["colour"] == "red"
    server.wait_for_log("parcel depends on the variable COLOUR")
