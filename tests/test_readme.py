"""README shows what really happens: its commands and its tour are run here."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT
from tests.docs.stories import ServerLog, free_port, is_shown, normal, reader_environment
from tests.scaffold import sample

README = (ROOT / "README.md").read_text(encoding="utf-8")
TORNKIT = [sys.executable, "-m", "tornkit"]
PLAIN = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shown_command(name: str) -> str:
    match = re.search(rf"<!-- command: {name} -->\n```sh\n(.+)\n```", README)
    assert match is not None, name
    return match[1]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with what the tour's commands name."""
    sample.copy(tmp_path)
    for name, content in re.findall(
        r"<!-- file: (\S+) -->\n```python\n(.*?)```", README, re.DOTALL
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_the_two_commands_are_single_lines_that_set_up_and_do_their_job() -> None:
    assert shown_command("serve").endswith("tornkit serve sample_project")
    assert shown_command("test").endswith("python -m pytest -n auto")
    for name in ("serve", "test"):
        assert shown_command(name).startswith("python3 -m venv .venv && ")


def test_ci_runs_the_command_that_readme_shows() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = subprocess.run(
        ["bash", "-c", re.search(r"tests=\$\((.*)\)", script)[1]],  # type: ignore[index]
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == shown_command("test")


def test_the_tour_shows_what_the_commands_print(workplace: Path) -> None:
    (workplace / "reader").mkdir()
    environment = reader_environment(workplace / "reader", slow=False, port=free_port())
    ran = 0
    for block in blocks("console"):
        command, _, expected = block.partition("\n")
        if not command.startswith("$ ") or " serve " in command:
            continue
        done = subprocess.run(
            command.removeprefix("$ ").split(),
            cwd=workplace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=False,
        )
        # A line of a generated file may be another after any change of a template.
        shown, printed = (
            re.sub(r"(demo/\S+):\d+", r"\1:N", each) for each in (expected, done.stdout)
        )
        assert is_shown(normal(shown), normal(printed)), done.stdout
        assert done.returncode == (1 if "TK30" in expected else 0), command
        ran += 1
    assert ran == 5


def test_the_tour_shows_what_serve_prints(workplace: Path) -> None:
    shop = workplace / "shop.py"
    good = shop.read_text(encoding="utf-8")
    first, reload, mistake, blocked = (
        block
        for block in blocks("console")
        if "$ tornkit routes" not in block and "$ tornkit new" not in block
    )
    command, _, banner = first.partition("\n")
    port = free_port()
    log = ServerLog(workplace / "log.txt", str(workplace), port)
    with (workplace / "log.txt").open("w") as out:
        server = subprocess.Popen(
            [*TORNKIT, *command.removeprefix("$ tornkit ").split(), "--port", str(port)],
            cwd=workplace, env={**PLAIN, "XDG_CACHE_HOME": str(workplace)}, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        for expected, edit in ((banner, None), (reload, good + "\n"), (mistake, good + "oops(\n")):
            if edit is not None:
                shop.write_text(edit, encoding="utf-8")
            log.wait_for(expected)
        shop.write_text("import time\n" + slow(good), encoding="utf-8")
        log.wait_for(reload.splitlines()[-1])
        urllib.request.urlopen(f"http://127.0.0.1:{port}/items/1").close()
        log.wait_for(blocked)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0, log.text()


def slow(source: str) -> str:
    """The same with a handler that blocks the loop."""
    return source.replace("        self.write(", "        time.sleep(2)\n        self.write(")
