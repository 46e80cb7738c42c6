"""The board's settings, read from the environment when the application is made.

Every setting has a default that suits development, so that the board runs with no preparation.
``BOARD_MODE=production`` turns the defaults that are only fit for development (the cookie secret
and the administrators' password) into errors or into "off", and marks cookies as secure.

=======================  ==========================================================================
BOARD_MODE               ``development`` (the default) or ``production``
BOARD_DEBUG              ``1`` for Tornado's debug mode: its own autoreload, tracebacks in pages
BOARD_DATA_DIR           where the database and the uploads are kept
BOARD_PORT               the port the server listens on; links and the status page need to know it
BOARD_COOKIE_SECRETS     ``1:secret,2:newer``: the highest version signs, the others are accepted
BOARD_ADMINS             names of the administrators, separated by commas
BOARD_ADMIN_PASSWORD     what they sign in with; without it nobody can sign in under their names
BOARD_API_TOKEN          the bearer token for writing through the API; without it nobody can write
BOARD_UPLOAD_LIMIT       the largest upload, in bytes
=======================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Anybody can read these here, so production refuses them.
DEVELOPMENT_SECRETS = {1: "for development only, first key", 2: "for development only, second key"}
DEVELOPMENT_PASSWORD = "development"  # noqa: S105


class SettingsError(ValueError):
    """The environment holds a setting that cannot be used."""


@dataclass(frozen=True)
class Settings:
    data_dir: Path = HERE / ".data"
    production: bool = False
    debug: bool = False
    port: int = 8888
    # repr=False keeps secrets out of logs and tracebacks.
    cookie_secrets: Mapping[int, str] = field(
        default_factory=lambda: dict(DEVELOPMENT_SECRETS), repr=False
    )
    admins: frozenset[str] = frozenset({"admin"})
    admin_password: str = field(default=DEVELOPMENT_PASSWORD, repr=False)
    api_token: str = field(default="", repr=False)
    upload_limit: int = 1024 * 1024
    poll_seconds: float = 25.0

    @property
    def key_version(self) -> int:
        """The version of the key that signs; the older ones only verify."""
        return max(self.cookie_secrets)

    @property
    def uploads(self) -> Path:
        return self.data_dir / "uploads"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        production = _mode(environ) == "production"
        secrets = _secrets(environ.get("BOARD_COOKIE_SECRETS", ""))
        if production and not secrets:
            raise SettingsError("BOARD_COOKIE_SECRETS must be set when BOARD_MODE is production")
        return cls(
            data_dir=Path(environ.get("BOARD_DATA_DIR") or cls.data_dir).absolute(),
            production=production,
            debug=environ.get("BOARD_DEBUG", "") not in ("", "0"),
            port=_number(environ, "BOARD_PORT", cls.port, 65535),
            cookie_secrets=secrets or dict(DEVELOPMENT_SECRETS),
            admins=_names(environ.get("BOARD_ADMINS", "admin")),
            admin_password=environ.get(
                "BOARD_ADMIN_PASSWORD", "" if production else DEVELOPMENT_PASSWORD
            ),
            api_token=environ.get("BOARD_API_TOKEN", ""),
            upload_limit=_number(environ, "BOARD_UPLOAD_LIMIT", cls.upload_limit, 50_000_000),
        )


def _mode(environ: Mapping[str, str]) -> str:
    mode = environ.get("BOARD_MODE") or "development"
    # A misspelt "production" must not silently mean development.
    if mode not in ("development", "production"):
        raise SettingsError(f"BOARD_MODE must be development or production, not {mode!r}")
    return mode


def _secrets(text: str) -> dict[int, str]:
    secrets: dict[int, str] = {}
    for item in filter(None, text.split(",")):
        version, colon, secret = item.strip().partition(":")
        # The message does not repeat the item: it may hold a real secret.
        if not (colon and version.isascii() and version.isdigit() and len(secret) >= 16):
            raise SettingsError(
                "BOARD_COOKIE_SECRETS must look like 1:secret,2:secret with 16 characters or more"
            )
        secrets[int(version)] = secret
    return secrets


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())


def _number(environ: Mapping[str, str], name: str, default: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 12 and 1 <= int(text) <= high):
        raise SettingsError(f"{name} must be a number from 1 to {high}, not {text!r}")
    return int(text)
