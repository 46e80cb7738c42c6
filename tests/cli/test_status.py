"""``tornkit status``: how the answers of servers look, and the exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from tests.cli.test_platforms import PLATFORM
from tests.nasty_text import NASTY, disobedient
from tornkit.cli import status, tornkit
from tornkit.errors import TornkitError

WORKER = {
    "slot": 0,
    "pid": 4712,
    "generation": 3,
    "state": "serving",
    "uptime": 61.4,
    "requests": 120,
    "in_flight": 2,
    "connections": 17,
    "lag": 0.0042,
    "memory": {"own": 5 << 20, "shared": 30 << 20, "pss": 12 << 20},
}
BOOTING = {
    **WORKER,
    "slot": 1,
    "pid": 4713,
    "state": "booting",
    "uptime": 0.2,
    "lag": None,
    "memory": None,
}
SERVER: dict[str, Any] = {
    "tornkit": "1.0",
    "platform": PLATFORM,
    "pid": 4711,
    "app": "board.app:make_app",
    "project": "/src",
    "urls": ["http://127.0.0.1:8888"],
    "uptime": 3725.0,
    "generation": 3,
    "workers_wanted": 2,
    "workers": [WORKER, BOOTING],
    "zygotes": [4710],
    "hub": {"pid": 4709, "memory": {"own": 9 << 20, "shared": 5 << 20, "pss": 10 << 20}},
    "warm": {"modules": 214, "quarantined": {"grpc": "not fork-safe by its own word"}},
    "last_error": {"kind": "AppRaised", "message": "importing app[a-z] failed", "traceback": "T"},
}


def shown(server: dict[str, Any], width: int = 120) -> list[str]:
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(*status.render(server), sep="\n")
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[dict[str, Any]]:
    """What the servers answer."""
    answers: list[dict[str, Any]] = []
    monkeypatch.setattr("tornkit.serve.control.control_folder", lambda: tmp_path)
    monkeypatch.setattr("tornkit.serve.control.ask_all", lambda folder: iter(answers))
    return answers


def run(*arguments: str) -> Result:
    return CliRunner().invoke(
        tornkit, ["status", *arguments], env={"COLUMNS": "120"}, prog_name="tornkit"
    )


def test_a_server() -> None:
    heading, names, first, second, *below = shown(SERVER)
    assert heading == (
        "board.app:make_app at http://127.0.0.1:8888  supervisor 4711, up 1:02:05, generation 3"
    )
    assert names.split() == [
        *("worker", "pid", "gen", "state", "up", "reqs", "busy", "conns", "lag"),
        *("own", "shared"),
    ]
    assert first.split() == [
        *("1", "4712", "3", "serving", "1:01", "120", "2", "17", "4", "ms", "5.0M", "30.0M"),
    ]
    assert second.split() == [
        *("2", "4713", "3", "booting", "0", "s", "120", "2", "17", "-", "-", "-"),
    ]
    assert below == [
        "Python 3.13.2, Tornado 6.6.1, uvloop's loop, all 2 parts of the engine active",
        "hub of tornkit.bus: 4709, 9.0M",
        "warm: 214 modules",
        "quarantined: grpc not fork-safe by its own word",
        "last error: importing app[a-z] failed",
    ]


def test_a_server_that_never_served() -> None:
    bare = {
        **SERVER,
        "hub": None,
        "platform": {},
        "urls": [],
        "generation": None,
        "workers": [],
        "warm": {"modules": 0, "quarantined": {}},
        "last_error": None,
    }
    heading, names, about = shown(bare)
    assert about == "no worker is ready"
    assert "at no address" in heading
    assert heading.endswith("generation none yet")
    assert names.startswith("worker")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9, "0 s"), (59.9, "59 s"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00")],
)
def test_durations(seconds: float, text: str) -> None:
    assert f"up {text}, " in shown({**SERVER, "uptime": seconds})[0]


def test_every_server_is_shown(running: list[dict[str, Any]]) -> None:
    running += [SERVER, {**SERVER, "pid": 5000, "app": "chat.py"}]
    result = run()
    assert result.exit_code == 0
    assert "board.app:make_app at" in result.output
    assert "chat.py at" in result.output


def test_one_server_by_its_pid(running: list[dict[str, Any]]) -> None:
    running += [SERVER, {**SERVER, "pid": 5000, "app": "chat.py"}]
    result = run("--pid", "5000", "--json")
    assert [each["app"] for each in json.loads(result.stdout)["servers"]] == ["chat.py"]
    assert run("--pid", "1").exit_code == 1


def test_json_is_what_the_servers_say(running: list[dict[str, Any]]) -> None:
    running.append(SERVER)
    result = run("--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"servers": [SERVER]}


def test_no_server(running: list[dict[str, Any]]) -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "no server runs; start one with tornkit serve\n"
    result = run("--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"servers": []})


@pytest.mark.parametrize("arguments", [("--interval", "0"), ("--pid", "x"), ("word",)])
def test_what_it_does_not_take(running: list[dict[str, Any]], arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_watch_asks_again_until_it_is_interrupted(
    running: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        running.append({**SERVER, "pid": 4711 + len(waits)})
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("tornkit.cli.status.time.sleep", wait)
    result = run("--watch", "--interval", "0.5", "--json")
    assert waits == [0.5] * 3
    counts = [len(json.loads(line)["servers"]) for line in result.stdout.splitlines()]
    assert counts == [0, 1, 2]


def test_a_folder_that_is_not_to_be_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise TornkitError("/tmp/tornkit-0 is not this user's alone; remove it")

    monkeypatch.setattr("tornkit.serve.control.control_folder", refuse)
    result = run()
    assert result.exit_code == 1


def test_nothing_that_a_server_says_is_obeyed(running: list[dict[str, Any]]) -> None:
    running.append(
        {
            **SERVER,
            "app": NASTY,
            "urls": [NASTY],
            "workers": [{**WORKER, "state": NASTY}],
            "warm": {"modules": 1, "quarantined": {NASTY: NASTY}},
            "last_error": {"kind": NASTY, "message": NASTY, "traceback": NASTY},
        }
    )
    result = run()
    assert disobedient(result.stdout) == set()
    assert "/forged" in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith("14:00:00")]
    result = run("--json")
    assert disobedient(result.stdout) == set()
    assert json.loads(result.stdout)["servers"][0]["app"] == NASTY


@pytest.mark.parametrize("server", [{"pid": 7}, {**SERVER, "urls": None}, {**SERVER, "app": 1}])
def test_a_server_of_another_version(running: list[dict[str, Any]], server: dict[str, Any]) -> None:
    running.append(server)
    result = run()
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith(f"supervisor {server['pid']} is of another version of tornkit")
