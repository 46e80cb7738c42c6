"""Images without Docker: the instructions of a generated Dockerfile, carried out in a folder.

What a Dockerfile calls `/opt/venv` or `/srv/...` is below the folder, and this Python stands for
the base image's. Users, volumes and mounts are left out: they need rights that a test has not.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from tests.integration.waiting import wait_for
from tests.scaffold.deploying.projects import PACKAGE, judge

_WORD_FOR = re.compile(r"^(\w+) +(.*)$")
_OPTION = re.compile(r"--(mount|from|interval|timeout|start-period|retries)=\S+ *")
_PLACES = ("/opt/venv", f"/srv/{PACKAGE}", f"/var/lib/{PACKAGE}")
_PATIENCE = 240.0


def instructions(dockerfile: str) -> list[str]:
    """A Dockerfile's instructions, each in one line, without comments."""
    code = "".join(line for line in dockerfile.splitlines(True) if not line.startswith("#"))
    return [line for line in code.replace("\\\n", " ").splitlines() if line]


class Image:
    """What the instructions make in ``folder`` of the project beside the Dockerfile."""

    def __init__(self, folder: Path, project: Path) -> None:
        self._folder = folder
        self._project = project
        base = folder / "base"
        judge(sys.executable, "-m", "venv", base, timeout=_PATIENCE)
        kept = ("SSL_CERT_FILE", "PIP_CERT", "PIP_FIND_LINKS", "TMPDIR", "LANG")
        self._variables = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PATH": f"{base}/bin:{os.environ['PATH']}",
            "HOME": str(folder),
            "UV_SYSTEM_CERTS": "1",
        }
        self._commands: dict[str, list[str]] = {"ENTRYPOINT": []}
        for place in _PLACES[1:]:
            (folder / place[1:]).mkdir(parents=True)
        for instruction in instructions((project / "Dockerfile").read_text()):
            self._carry_out(instruction)

    def _here(self, text: str) -> str:
        """``/opt/venv/bin`` -> where that is in this test."""
        for place in _PLACES:
            text = text.replace(place, f"{self._folder}{place}")
        return text

    @property
    def root(self) -> Path:
        """The folder of the project in the image."""
        return self._folder / _PLACES[1][1:]

    def _carry_out(self, instruction: str) -> None:
        found = _WORD_FOR.match(instruction)
        assert found, instruction
        word, rest = found[1], self._here(_OPTION.sub("", found[2]))
        match word:
            case "ENV":
                for name, _, value in (part.partition("=") for part in shlex.split(rest)):
                    self._variables[name] = value.replace("$PATH", self._variables["PATH"])
            case "RUN" if "useradd" not in rest:
                judge("sh", "-euc", rest, cwd=self.root, env=self._variables, timeout=_PATIENCE)
            case "COPY" if rest == ". .":
                shutil.copytree(self._project, self.root, dirs_exist_ok=True)
            case "COPY" if rest.startswith("pyproject.toml"):
                shutil.copy(self._project / "pyproject.toml", self.root)
            case "CMD" | "ENTRYPOINT":
                self._commands[word] = json.loads(rest)
            case "HEALTHCHECK":
                self._commands[word] = json.loads(rest.removeprefix("CMD "))
            case _:
                assert word in ("FROM", "WORKDIR", "VOLUME", "USER", "EXPOSE", "RUN", "COPY"), word

    def run(self, *command: str, log: IO[bytes], **variables: str) -> Container:
        """A process of the image: what it runs by itself, or a command."""
        words = [*self._commands["ENTRYPOINT"], *(command or self._commands["CMD"])]
        environment = {**self._variables, **variables}
        return Container(words, self._commands["HEALTHCHECK"], self.root, environment, log)


class Container:
    """A running process of an image."""

    def __init__(
        self,
        command: list[str],
        health_check: list[str],
        root: Path,
        environment: dict[str, str],
        log: IO[bytes],
    ) -> None:
        self._health_check = health_check
        self._root = root
        self._environment = environment
        self._process = subprocess.Popen(
            command, cwd=root, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    @property
    def is_healthy(self) -> bool:
        """What the image's health check says."""
        assert self._process.poll() is None, "it has ended"
        done = subprocess.run(
            self._health_check,
            cwd=self._root,
            env=self._environment,
            capture_output=True,
            timeout=20,
            check=False,
        )
        return done.returncode == 0

    def wait_until_healthy(self) -> None:
        wait_for(lambda: self.is_healthy, "a healthy container", _PATIENCE)

    def stop(self) -> int:
        """End it as Docker does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
