"""`--tls`: HTTPS that a client trusts which trusts the authority."""

from __future__ import annotations

import http.client
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.serve import Serve

APP = """\
from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write(self.request.protocol)


def make_app():
    return Application([("/", Main)])
"""


@pytest.mark.thorough
def test_https_of_this_machine(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trustme")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    server = serve({"app.py": APP}, "--tls")
    assert server.url.startswith("https://127.0.0.1:")
    authority = re.search(r"certutil .* -i (\S+)", server.log)
    assert authority is not None
    context = ssl.create_default_context(cafile=authority[1])
    port = int(server.url.rpartition(":")[2].strip("/"))
    for name in ("localhost", "127.0.0.1"):
        client = http.client.HTTPSConnection(name, port, context=context, timeout=20)
        client.request("GET", "/")
        assert client.getresponse().read() == b"https"
        client.close()
