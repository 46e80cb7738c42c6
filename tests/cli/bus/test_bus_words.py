"""The lines of `tornkit bus listen`, and all commands where no server is."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cli.bus.commands import run
from tests.nasty_text import NASTY, disobedient
from tornkit.bus.message import Message, payload_of
from tornkit.bus.position import MessagePosition
from tornkit.cli import tornkit
from tornkit.cli.bus import listening
from tornkit.cli.settings import _variables

ANY = 1 << 20


@pytest.mark.parametrize("arguments", [(), ("publish", "a", "1"), ("listen", "a")])
def test_no_server(servers: list[dict[str, Any]], arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert "no server runs; start one with tornkit serve\n" in result.stderr


def test_several_servers(servers: list[dict[str, Any]], published: list[Any]) -> None:
    servers.append({"pid": 2, "app": NASTY})
    result = run("publish", "a", "1")
    assert result.exit_code == 2
    assert "error: 2 servers run; say which: --pid 1 (None), --pid 2 (" in result.stderr
    assert disobedient(result.stderr) == set()
    for arguments in (("publish", "--pid", "2", "a", "1"), ("--pid", "2", "publish", "a", "1")):
        assert run(*arguments).exit_code == 0
    assert "no server has the supervisor 3" in run("publish", "--pid", "3", "a", "1").stderr


@pytest.mark.parametrize("arguments", [(), ("publish", "a", "1"), ("listen", "a")])
def test_a_server_of_another_version(
    servers: list[dict[str, Any]], arguments: tuple[str, ...]
) -> None:
    servers.append({"pid": 1, "tornkit": "0.0.1", "app": "a", "urls": []})
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == ("error: supervisor 1 is of another version of tornkit: 0.0.1\n")


def test_where_no_program_uses_it_nothing_is_connected_to(servers: list[dict[str, Any]]) -> None:
    told = {"pid": 1, "app": "a", "urls": [], "workers": []}
    servers.append({**told, "bus": {"used": False, "max_message": 1}})
    result = run()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1] == "no program uses tornkit.bus"
    assert json.loads(run("--json").stdout)["servers"][0]["bus"] is None


def message(data: Any, event: Any = "message", epoch: str = "e", channel: str = "a") -> Message:
    position = MessagePosition(epoch, 7)
    return Message(channel, position, 1_700_000_000.5, payload_of(data, ANY), event)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (message({"x": 1}), 'a e-7 {"x":1}'),
        (message(b"\x00a"), "a e-7 b'\\x00a'"),
        (message({"id": "ann", "info": None}, "join"), 'a e-7 join: {"id":"ann","info":null}'),
        (message(1700, "gap"), "a e-7 gap: 1,700 messages are missing"),
        (message(None, "gap"), "a e-7 gap: messages are missing"),
    ],
)
def test_lines(told: Message, says: str) -> None:
    line = listening._line(told, is_anew=False)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d {re.escape(says)}", line)


def test_a_gap_of_another_hub_says_so() -> None:
    line = listening._line(message(None, "gap"), is_anew=True)
    assert line.endswith("gap: messages are missing: the bus was started anew since then")


def test_a_line_stays_one_and_is_not_obeyed() -> None:
    line = listening._line(message(NASTY.replace("\udcff\ud800", ""), channel=NASTY), is_anew=False)
    assert disobedient(line, allowed="") == set()


def test_json_keeps_it_exact() -> None:
    found = listening._as_json(message({"x": "é"}))
    assert found == {
        "channel": "a",
        "event": "message",
        "position": "e-7",
        "time": 1_700_000_000.5,
        "data": {"x": "é"},
    }
    found = listening._as_json(message(b"\xff"))
    assert base64.b64decode(found["base64"]) == b"\xff"
    assert "data" not in found


def test_variables_of_a_command_s_commands_are_known() -> None:
    command = tornkit.get_command(None, "bus")  # type: ignore[arg-type]
    assert command is not None
    found = set(_variables(command, "bus"))
    assert {"TORNKIT_BUS_WATCH", "TORNKIT_BUS_LISTEN_COUNT", "TORNKIT_BUS_PUBLISH_PID"} <= found
    result = CliRunner().invoke(
        tornkit, ["bus", "listen", "a"], env={"TORNKIT_BUS_LISTEN_COUNT": "x"}
    )
    assert "it is set by TORNKIT_BUS_LISTEN_COUNT" in result.stderr


def test_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TORNKIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "tornkit bus lis")
    monkeypatch.setenv("COMP_CWORD", "2")
    result = CliRunner().invoke(tornkit, [], prog_name="tornkit")
    assert result.stdout.split() == ["plain,listen"]
