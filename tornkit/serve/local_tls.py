"""Certificate for HTTPS on this machine: `--tls`.

An authority of this user's own signs it, so that a browser that has been told to trust that once
trusts every certificate from then on. Both are kept in a folder that nobody else can read. trustme
makes them, and is imported only where one is missing or is about to end, once in a year: with what
it needs it is a third of a supervisor's memory.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tornkit.errors import CertificateError, UsageError
from tornkit.serve.private_files import NotPrivate, PrivateFolder

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_DAY = 86400.0  # seconds
_LIFETIME = 397  # days; no browser takes a certificate that lasts longer
_RENEWED = 30  # days before its end
_MOST = 1 << 16  # bytes of a file
_AUTHORITY, _KEY = "authority.pem", "authority.key"


@dataclass(frozen=True)
class LocalCertificate:
    """Files of a certificate: ``path`` (chain and key), ``authority`` (the CA to be trusted)."""

    path: Path
    authority: Path


def certificate_folder() -> Path:
    """The folder of this user's authority and certificates."""
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "tornkit" / "certificates"


def local_certificate(names: Iterable[str] = ()) -> LocalCertificate:
    """Certificate for this machine and for these names or addresses; made where it is missing.

    :raises UsageError: `trustme` is wanted and not installed.
    :raises CertificateError: it can't be kept.
    """
    wanted = tuple(dict.fromkeys((*LOCAL_NAMES, *names)))
    folder = certificate_folder()
    found = LocalCertificate(folder / _file_for(wanted), folder / _AUTHORITY)
    try:
        with PrivateFolder(folder) as private:
            if not _is_good(private, found.path.name):
                private.write(found.path.name, _made(private, wanted))
    except (NotPrivate, OSError) as error:
        raise CertificateError(f"--tls: no certificate can be kept in {folder}: {error}") from None
    return found


def how_to_trust(authority: Path) -> str:
    """Shell command that makes browsers of this machine trust the authority; to be run once."""
    if sys.platform == "darwin":
        return f"security add-trusted-cert -k login.keychain {authority}"
    return f'certutil -d sql:"$HOME/.pki/nssdb" -A -t C,, -n tornkit -i {authority}'


def _file_for(names: tuple[str, ...]) -> str:
    return f"{hashlib.sha256(' '.join(names).encode()).hexdigest()[:16]}.pem"


def _is_good(folder: PrivateFolder, name: str) -> bool:
    """Whether the certificate exists, is no older than its authority, and does not end soon."""
    try:
        _, authority_made = folder.read(_AUTHORITY, _MOST)
        _, made = folder.read(name, _MOST)
    except OSError:
        return False
    age = time.time() - made
    return authority_made <= made and 0 <= age < (_LIFETIME - _RENEWED) * _DAY


def _made(folder: PrivateFolder, names: tuple[str, ...]) -> bytes:
    try:
        import trustme
    except ImportError:
        raise UsageError(
            "--tls: trustme is not installed here: pip install 'tornkit[tls]'"
        ) from None
    authority = None
    with contextlib.suppress(OSError, ValueError):
        authority = trustme.CA.from_pem(
            folder.read(_AUTHORITY, _MOST)[0], folder.read(_KEY, _MOST)[0]
        )
    if authority is None:
        authority = trustme.CA(
            organization_name="tornkit", organization_unit_name=f"development on {platform.node()}"
        )
        folder.write(_KEY, authority.private_key_pem.bytes())
        folder.write(_AUTHORITY, authority.cert_pem.bytes())
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=_LIFETIME)
    made = authority.issue_cert(*names, not_after=end)
    return bytes(made.private_key_and_cert_chain_pem.bytes())
