"""The certificate of `--tls`: made once, trusted through one authority, kept from others."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from tornkit.errors import CertificateError, UsageError
from tornkit.serve import local_tls
from tornkit.serve.local_tls import LocalCertificate, certificate_folder, local_certificate

pytest.importorskip("trustme")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return certificate_folder()


def connects(made: LocalCertificate, name: str) -> bool:
    """Whether a client that trusts the authority takes the certificate for this name."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.path)
    client = ssl.create_default_context(cafile=str(made.authority))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    except ssl.SSLCertVerificationError:
        return False
    finally:
        ours.close()
        thread.join()
    return True


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_it_is_for_this_machine(name: str) -> None:
    assert connects(local_certificate(), name)


def test_it_is_for_no_other_but_those_that_are_named() -> None:
    assert not connects(local_certificate(), "my-laptop")
    for name in ("my-laptop", "shop.localhost", "192.0.2.7"):
        assert connects(local_certificate([name]), name)


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = local_certificate()
    content = first.path.read_bytes()
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert local_certificate() == first
    assert first.path.read_bytes() == content


def test_one_authority_is_behind_all() -> None:
    first, second = local_certificate(), local_certificate(["my-laptop"])
    assert first.path != second.path
    assert first.authority == second.authority
    assert connects(LocalCertificate(first.path, second.authority), "localhost")


def test_one_that_is_about_to_end_is_made_anew() -> None:
    made = local_certificate()
    before = made.path.read_bytes()
    then = time.time() - 380 * 86400
    for path in (made.authority, made.path):
        os.utime(path, (then, then))
    local_certificate()
    assert made.path.read_bytes() != before
    assert connects(made, "localhost"), "by the same authority"


def test_one_of_another_authority_is_made_anew(folder: Path) -> None:
    made = local_certificate()
    (folder / "authority.pem").unlink()
    local_certificate()
    assert connects(made, "localhost")


def test_a_file_that_is_broken_is_made_anew(folder: Path) -> None:
    made = local_certificate()
    (folder / "authority.pem").write_text("no certificate")
    made.path.unlink()
    local_certificate()
    assert connects(made, "localhost")


def test_nobody_else_can_read_it(folder: Path) -> None:
    local_certificate()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_that_others_can_read_is_refused(folder: Path) -> None:
    local_certificate()
    folder.chmod(0o755)
    with pytest.raises(CertificateError, match="no certificate can be kept in"):
        local_certificate()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(UsageError, match=r"pip install 'tornkit\[tls\]'"):
        local_certificate()


@pytest.mark.parametrize(("platform", "word"), [("linux", "certutil"), ("darwin", "security ")])
def test_it_says_how_to_trust_it(monkeypatch: pytest.MonkeyPatch, platform: str, word: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    said = local_tls.how_to_trust(Path("/a/authority.pem"))
    assert said.startswith(word)
    assert said.endswith("/a/authority.pem")
