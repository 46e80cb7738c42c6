"""Brokers elsewhere: by which URL, and what is missing for it."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from tornkit.bus import home
from tornkit.bus.errors import BusError
from tornkit.bus.links.remote import link_to, prepare
from tornkit.bus_limits import BusLimits


def refused(url: str) -> str:
    async def main() -> None:
        link_to(url, asyncio.get_running_loop(), None, BusLimits())  # type: ignore[arg-type]

    with pytest.raises(BusError) as error:
        asyncio.run(main())
    return str(error.value)


@pytest.mark.parametrize(("url", "name"), [("redis://a", "redis"), ("nats://a", "nats")])
def test_what_is_not_installed(url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda each: None if each == name else find(each)
    )
    assert refused(url) == f"a bus by {name} needs: pip install 'tornkit[{name}]'"
    with pytest.raises(BusError, match="pip install"):
        prepare(url)


def test_another_module_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "redis.py").touch()
    code = "from tornkit import bus\nfrom tornkit.bus.links.remote import prepare\n"
    code += "try: prepare('redis://a')\nexcept bus.BusError as error: print(error)"
    command = [sys.executable, "-c", code]
    environment = {
        **os.environ,
        "TORNKIT_BUS": "redis://a",
        "PYTHONPATH": str(Path(home.__file__).parents[2]),
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert f"({tmp_path / 'redis.py'}) is another, or too old: " in done.stdout


def test_a_url_that_is_none_says_no_secret() -> None:
    text = refused("redis://u:geheim@h:port")
    assert "geheim" not in text
    assert text.startswith("the bus at redis://h:port: ")


def test_the_variable_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no `tornkit serve` is."""
    made = Mock()
    monkeypatch.setenv("TORNKIT_BUS", "redis://elsewhere")
    monkeypatch.setattr(home, "link_to", made)

    async def main() -> None:
        home.Home().bus()

    asyncio.run(main())
    assert made.call_args.args[0] == "redis://elsewhere"
