"""Which calls are found, and what a rewriting of them does."""

from __future__ import annotations

import ast
import builtins
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tornkit
from tests.integration.faults import campaign  # noqa: F401 - makes what follows importable

# isort: split
import fault_sites
from fault_sites import sites

SOURCE = """\
import os, socket as sockets
from subprocess import Popen
from os import path

def made(sock, data):
    os.getpid(); os.dup(1)
    sockets.socketpair()
    Popen(["true"])
    path.realpath("x")
    sock.send(data); sock.fileno()
    open("x").read()
    data.replace("a", "b")
"""

# What of these modules is called in the serving processes and fails for want of nothing: it reads
# or changes what this process has already, or says only that something is not there.
CANNOT_FAIL = {
    "os": "_exit close environ fsdecode fsencode getpgrp getpid getppid getuid geteuid isatty kill"
    " strerror waitpid waitstatus_to_exitcode register_at_fork set_inheritable sysconf"
    " sched_getaffinity cpu_count execv walk umask urandom getenv pathsep sep get_terminal_size",
    "socket": "AddressFamily CMSG_SPACE CMSG_LEN getdefaulttimeout",
    "select": "poll",
}


def test_what_may_fail_is_found() -> None:
    found = [(site.line, site.name) for site in sites(SOURCE, "made.py")]
    assert sorted(found) == [
        (6, "os.dup"),
        (7, "socket.socketpair"),
        (8, "subprocess.Popen"),
        (9, "os.path.realpath"),
        (10, ".send"),
        (11, ".read"),
        (11, "open"),
        (12, ".replace"),
    ]


def test_no_system_call_of_a_serving_process_is_forgotten() -> None:
    package = Path(tornkit.__file__).parent
    unknown = set()
    for path in [*package.glob("serve/**/*.py"), *package.glob("engine/**/*.py")]:
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                module, name = ast.unparse(node.func.value), node.func.attr
                known = fault_sites.FUNCTIONS.get(module, frozenset())
                if module in CANNOT_FAIL and name not in (*known, *CANNOT_FAIL[module].split()):
                    unknown.add(f"{path.name}:{node.lineno} {module}.{name}")
    assert unknown == set()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sites that are to fail; the hook is in its place."""
    chosen: list[str] = []

    def hook(site: str, func: Callable[..., Any]) -> Callable[..., Any]:
        def fail(*arguments: object) -> None:
            raise OSError(24, site)

        return fail if site in chosen and fault_sites.may_raise(site, func) else func

    monkeypatch.setattr(builtins, fault_sites.HOOK, hook, raising=False)
    return chosen


def test_a_rewritten_module_does_what_it_did(failing: list[str]) -> None:
    source = b"def twice(sock, text):\n    sock.send(text.replace('a', 'b').encode())\n"
    names: dict[str, Any] = {}
    exec(compile(fault_sites.rewrite(source, "m.py"), "m.py", "exec"), names)
    one, other = socket.socketpair()
    with one, other:
        names["twice"](one, "banana")
        assert other.recv(99) == b"bbnbnb"
        failing += ["m.py:2 .send", "m.py:2 .replace"]  # a text's can't fail, and does not
        with pytest.raises(OSError, match=r"m\.py:2 \.send"):
            names["twice"](one, "banana")
