"""Settings, from the environment and from `.env`. `.env.example` lists the variables."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent

# Fixed, so that a clone without .env works, too. Everyone knows it: production refuses it.
DEVELOPMENT_SECRET = "development only: not a secret"  # noqa: S105


@dataclass(frozen=True)
class Settings:
    """What differs between one installation and another."""

    production: bool
    cookie_secret: str = field(repr=False)
    database_url: str = field(repr=False)
    drain_file: Path
    json_logs: bool
    # What the showcase adds.
    site_url: str
    uploads: Path
    upload_limit: int
    admins: frozenset[str]

    @property
    def debug(self) -> bool:
        return not self.production

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads the variables, by default of the environment and, where that has none, of `.env`.

        Raises ValueError if one does not fit, or is missing in production.
        """
        variables = environ if environ is not None else {**_dotenv(), **os.environ}
        production = _is_production(variables)
        return cls(
            production=production,
            cookie_secret=_cookie_secret(variables, production=production),
            database_url=_database_url(variables, production=production),
            drain_file=Path(variables.get("DRAIN_FILE") or "/tmp/board-draining"),  # noqa: S108
            json_logs=_json_logs(variables),
            site_url=(variables.get("SITE_URL") or "http://127.0.0.1:8888").rstrip("/"),
            uploads=Path(variables.get("UPLOADS") or PROJECT / "uploads").absolute(),
            upload_limit=_upload_limit(variables),
            admins=frozenset(filter(None, map(str.strip, variables.get("ADMINS", "").split(",")))),
        )


def database_url() -> str:
    """DATABASE_URL alone, for commands that need nothing else; raises ValueError."""
    variables = {**_dotenv(), **os.environ}
    return _database_url(variables, production=_is_production(variables))


def _is_production(variables: Mapping[str, str]) -> bool:
    mode = variables.get("APP_ENV") or "development"
    if mode not in ("development", "production"):
        raise ValueError(f"APP_ENV is {mode!r}, not development or production")
    return mode == "production"


def _dotenv() -> dict[str, str]:
    return {name: value for name, value in dotenv_values(PROJECT / ".env").items() if value}


def _json_logs(variables: Mapping[str, str]) -> bool:
    """LOG_FORMAT: text or json; unless it is set, text in a terminal and JSON elsewhere."""
    wanted = variables.get("LOG_FORMAT")
    if wanted not in (None, "", "text", "json"):
        raise ValueError(f"LOG_FORMAT is {wanted!r}, not text or json")
    return wanted == "json" if wanted else not sys.stderr.isatty()


def _cookie_secret(variables: Mapping[str, str], *, production: bool) -> str:
    secret = variables.get("COOKIE_SECRET", "")
    if production and (len(secret) < 32 or secret == DEVELOPMENT_SECRET):
        raise ValueError(
            "production needs a COOKIE_SECRET of 32 characters or more; make one with "
            '`python -c "import secrets; print(secrets.token_urlsafe(32))"`'
        )
    return secret or DEVELOPMENT_SECRET


def _database_url(variables: Mapping[str, str], *, production: bool) -> str:
    url = variables.get("DATABASE_URL", "")
    if production and not url:
        raise ValueError(
            "production needs a DATABASE_URL, such as "
            "postgresql://user:password@host/board or "
            "sqlite:////var/lib/board/board.sqlite3"
        )
    return url or f"sqlite:///{PROJECT / 'board.sqlite3'}"


def _upload_limit(variables: Mapping[str, str]) -> int:
    text = variables.get("UPLOAD_LIMIT") or "1048576"
    if not re.fullmatch("[1-9][0-9]{0,7}", text):
        raise ValueError(f"UPLOAD_LIMIT is {text!r}, not a number of bytes below 100,000,000")
    return int(text)
