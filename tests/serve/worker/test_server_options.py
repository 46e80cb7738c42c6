from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import tornado.test

from tornkit.errors import CertificateError
from tornkit.serve.config import HttpOptions
from tornkit.serve.worker.server_options import server_arguments

CERTIFICATES = Path(tornado.test.__file__).parent


def test_what_was_not_asked_for_is_left_to_tornado() -> None:
    assert server_arguments(HttpOptions()) == {"xheaders": False}


def test_each_option() -> None:
    options = HttpOptions(xheaders=True, trusted_downstream=("10.0.0.1",), max_body_size=7)
    assert server_arguments(options) == {
        "xheaders": True,
        "trusted_downstream": ["10.0.0.1"],
        "max_body_size": 7,
    }


def test_a_certificate() -> None:
    options = HttpOptions(
        certfile=str(CERTIFICATES / "test.crt"), keyfile=str(CERTIFICATES / "test.key")
    )
    context = server_arguments(options)["ssl_options"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_NONE, "clients need none"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_of_no_use(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "cert.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CertificateError, match=r"cert\.pem and its key can't be used: "):
        server_arguments(HttpOptions(certfile=str(file)))
