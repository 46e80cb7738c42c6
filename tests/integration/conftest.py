"""Fixtures of tests that run the real `tornkit serve` in a folder of its own.

    serve({"app.py": SOURCE}, "--workers", "2")  ->  Server: its url, log, processes; edit, stop

A test waits for what it needs to a deadline (`wait_for`, `Server.wait_for_log`) and sleeps for
nothing. Whatever still runs at its end is stopped as Ctrl-C would, and has to leave neither a
process nor a port behind.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration import waiting
from tests.integration.hammer import Hammer
from tests.integration.serve import Serve
from tests.integration.waiting import PATIENCE


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server: ``serve({"app.py": SOURCE}, "--workers", "2")``."""
    starter = Serve(tmp_path)
    try:
        yield starter
    finally:
        starter.close()


@pytest.fixture
def hammer() -> Callable[[str], Hammer]:
    """Clients that ask a URL without pause: ``with hammer(server.url) as clients: …``."""
    return Hammer


@pytest.fixture
def wait_for() -> Callable[..., Any]:
    return waiting.wait_for


@pytest.fixture(scope="session")
def make_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[Path, Path]]:
    """Makes self-signed certificates and their keys, each pair in a folder of its own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl command to make a certificate with")

    def make() -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp("tls")
        certfile, keyfile = folder / "cert.pem", folder / "key.pem"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        owner = ("-days", "2", "-subj", "/CN=localhost")
        files = ("-keyout", str(keyfile), "-out", str(certfile))
        subprocess.run(
            [openssl, "req", "-x509", *curve, *owner, *files],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        return certfile, keyfile

    return make


@pytest.fixture(scope="session")
def certificate(make_certificate: Callable[[], tuple[Path, Path]]) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    return make_certificate()
