"""Addresses of servers: whether one is free again."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.waiting import PATIENCE


def is_free(url: str) -> bool:
    """Whether nobody listens there any more, and another server could."""
    if url.startswith("unix:"):
        return not Path(url.removeprefix("unix:")).exists()
    parts = urlsplit(url)
    assert parts.hostname
    family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(PATIENCE)
        if probe.connect_ex((parts.hostname, parts.port)) == 0:
            return False
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((parts.hostname, parts.port))
            probe.listen()
        except OSError:
            return False
    return True
