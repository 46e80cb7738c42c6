"""nginx as a generated project's configuration has it, in front of a server of a test's."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.integration.addresses import is_free
from tests.integration.waiting import wait_for
from tests.scaffold.deploying.projects import PACKAGE, judge, tool

TLS_LINES = (
    *("listen 443 ssl;", "ssl_certificate ", "ssl_certificate_key ", "ssl_protocols "),
    *("ssl_session_cache ", "if ($scheme = http)"),
)


class Front:
    """One nginx process; ``port`` is where it listens, ``tls_port`` with a certificate."""

    def __init__(
        self,
        folder: Path,
        site: str,
        *,
        upstream: int,
        port: int,
        project: Path,
        tls: tuple[int, tuple[Path, Path]] | None = None,
    ) -> None:
        """``site``: the project's configuration; ``tls``: a port, and a certificate and its key."""
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        (folder / "site.conf").write_text(self._adapted(site, upstream, project, tls))
        (folder / "nginx.conf").write_text(self._surroundings())
        command = (tool("nginx"), "-c", folder / "nginx.conf", "-p", folder)
        judge(*command, "-t", "-q")
        self._process = subprocess.Popen([str(part) for part in command])
        wait_for(lambda: not is_free(self.url), "nginx listens")

    def _adapted(
        self,
        site: str,
        upstream: int,
        project: Path,
        tls: tuple[int, tuple[Path, Path]] | None,
    ) -> str:
        """The configuration with this test's ports and folders in place of a server's."""
        changes = {
            "    listen 80;": f"    listen 127.0.0.1:{self.port};",
            "    listen [::]:80;\n": "",
            "server 127.0.0.1:8888 ": f"server 127.0.0.1:{upstream} ",
        }
        if f"/srv/{PACKAGE}" in site.partition("location /static/")[2]:
            changes[f"root /srv/{PACKAGE}/"] = f"root {project}/"
        if tls:
            port, (certificate, key) = tls
            for line in TLS_LINES:
                changes[f"    # {line}"] = f"    {line}"
            changes["    listen 443 ssl;"] = f"    listen 127.0.0.1:{port} ssl;"
            changes["/etc/letsencrypt/live/example.com/fullchain.pem"] = str(certificate)
            changes["/etc/letsencrypt/live/example.com/privkey.pem"] = str(key)
        for old, new in changes.items():
            assert old in site, old
            site = site.replace(old, new)
        return site

    def _surroundings(self) -> str:
        folders = "".join(
            f"{name}_temp_path {self._folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # Its workers have to read what belongs to whoever runs the test.
        user = "user root;" if os.geteuid() == 0 else ""
        types = "types { text/css css; text/javascript js; } default_type text/plain;"
        return (
            f"{user} daemon off; worker_processes 1; pid {self._folder}/nginx.pid;"
            f"error_log {self._folder}/error.log; events {{ worker_connections 512; }}"
            f"http {{ access_log off; {types} {folders} include {self._folder}/site.conf; }}"
        )

    @property
    def errors(self) -> str:
        return (self._folder / "error.log").read_text()

    def close(self) -> None:
        # nginx looks at a signal that has come before it waits for one only with the next.
        while self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
        print(f"---- nginx:\n{self.errors}")
