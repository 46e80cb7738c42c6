"""The service and its socket: judged by systemd-analyze, and started as systemd would."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.scaffold.deploying.projects import (
    PACKAGE,
    each_template,
    judge,
    text,
    tool,
    with_store,
    write,
)
from tornkit.serve.config import ServeConfig

if TYPE_CHECKING:
    from tests.integration.serve import Serve

COMMANDS = ("ExecStartPre", "ExecStart", "ExecReload")


def unit(template: str, kind: str, *features: str) -> dict[str, list[str]]:
    """Settings of a unit: name -> values, in order."""
    content = text(f"deploy/systemd/{PACKAGE}.{kind}", template, *features or ("systemd",))
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^([A-Z]\w+)=(.*)$", content, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.thorough
@each_template
@pytest.mark.parametrize("features", [("systemd",), ("systemd", "nginx")], ids=" ".join)
def test_systemd_is_content(template: str, features: tuple[str, ...], tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    for kind in ("service", "socket"):
        content = text(f"deploy/systemd/{PACKAGE}.{kind}", template, *features)
        # Programs that are there: it asks whether they are.
        content = content.replace(f"/srv/{PACKAGE}/.venv/bin/tornkit", sys.executable)
        content = content.replace(f"/srv/{PACKAGE}/.venv/bin/python", sys.executable)
        (tmp_path / f"{PACKAGE}.{kind}").write_text(content)
    units = (tmp_path / f"{PACKAGE}.service", tmp_path / f"{PACKAGE}.socket")
    said = judge(analyze, "verify", "--man=no", *units)
    # Other units of this machine are judged, too.
    assert [line for line in said.splitlines() if PACKAGE in line] == []
    said = judge(analyze, "security", "--offline=true", units[0])
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) < 2, said


@each_template
def test_it_ends_as_tornkit_wants_to(template: str) -> None:
    service = unit(template, "service")
    assert service["KillMode"] == ["mixed"]
    assert float(service["TimeoutStopSec"][0]) > ServeConfig().drain_timeout
    assert service["ExecReload"][-1] == "/bin/kill -HUP $MAINPID"
    assert service["Type"] == ["notify"]


@each_template
def test_it_is_tried_again_for_good(template: str) -> None:
    service = unit(template, "service")
    assert (service["Restart"], service["StartLimitIntervalSec"]) == (["on-failure"], ["0"])


@each_template
def test_migrations_run_before_the_code_that_needs_them(template: str) -> None:
    service = unit(template, "service")
    migrate = [f"/srv/{PACKAGE}/.venv/bin/python -m {PACKAGE}.migrate"]
    expected = migrate if template in with_store else []
    assert service.get("ExecStartPre", []) == expected
    assert service["ExecReload"][:-1] == expected


@each_template
def test_it_believes_a_proxy_where_there_is_one(template: str) -> None:
    def start(*features: str) -> tuple[str, str]:
        socket = unit(template, "socket", *features)
        return unit(template, "service", *features)["ExecStart"][0], socket["ListenStream"][0]

    command, address = start("systemd")
    assert "--xheaders" not in command
    assert address == "8888"
    command, address = start("systemd", "nginx")
    assert "--xheaders" in command
    assert address == "127.0.0.1:8888", "only this machine reaches it"


@pytest.mark.thorough
def test_its_command_serves_on_a_socket_of_systemd(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`systemd-socket-activate` hands it a socket, as systemd does."""
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("no systemd-socket-activate here")
    write(serve.folder, "minimal", "systemd")
    command = unit("minimal", "service")["ExecStart"][0]
    program, subcommand, *arguments = command.split()
    assert (program, subcommand) == (f"/srv/{PACKAGE}/.venv/bin/tornkit", "serve")
    port = serve.free_port()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    environment = [f"--setenv={name}" for name in ("PYTHONPATH", "PYTHONUNBUFFERED", "PATH")]
    prefix = (activate, f"--listen=127.0.0.1:{port}", *environment)
    server = serve({}, *arguments, port=None, prefix=prefix, wait=False)
    server.wait_for_log("Listening on")
    assert server.get(url=f"http://127.0.0.1:{port}").text == "Hello, world!\n"
    assert server.wait_until_serving().url == f"http://127.0.0.1:{port}"
