"""Requirement by which a new project asks for tornkit, and from where.

A package index is the usual place. Where tornkit came from a folder, a file or a repository, pip
and uv say so in ``direct_url.json`` (PEP 610), and the project asks for it there as well (a direct
reference of PEP 508): its own install command would find another tornkit, or none. A checkout that
is run without being installed counts as a folder.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tornkit import __version__

FROM_INDEX = f"tornkit>={__version__}"
_FOLDER = Path(__file__).resolve().parents[2]


def of_this_tornkit() -> str:
    """Requirement for this tornkit: ``tornkit>=1.0``, or its place, ``tornkit @ file:///...``."""
    if url := _checkout() or _installed_from():
        return f"tornkit @ {url}"
    return FROM_INDEX


def renewed(recorded: str) -> str:
    """The requirement for this tornkit, for a project whose requirement was ``recorded``.

    A project that takes tornkit from an index goes on with that, whoever updates it.
    """
    return of_this_tornkit() if is_direct(recorded) else FROM_INDEX


def is_direct(requirement: str) -> bool:
    """Whether a requirement names a place (a URL), not a range of versions."""
    return requirement.startswith("tornkit @")


def _checkout() -> str | None:
    """The folder that this code is run from, if it can be installed."""
    try:
        project = tomllib.loads((_FOLDER / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    table = project.get("project")
    if not isinstance(table, dict) or table.get("name") != "tornkit":
        return None
    return _FOLDER.as_uri()


def _installed_from() -> str | None:
    try:
        text = distribution("tornkit").read_text("direct_url.json")
    except PackageNotFoundError:  # run from a folder that is on the path
        return None
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return url_of(found) if isinstance(found, dict) else None


def url_of(direct: Mapping[str, Any]) -> str | None:
    """PEP 610's table as a URL of PEP 508, with the revision and the subfolder.

    Passwords are left out: a project is shared. None where the URL leads to no file any more, as
    of a wheel that was removed once it was installed.

    >>> url_of({"url": "https://host/t", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}})
    'git+https://host/t@c0ffee'
    """
    url = direct.get("url")
    if not isinstance(url, str) or not url:
        return None
    parts = urlsplit(url)
    if parts.scheme == "file" and not Path(unquote(parts.path)).exists():
        return None
    # A space would end the URL in a requirement, and ";" begin a marker.
    url = quote(_without_password(url), safe="/:?=&%@+~!$'()*,#[]")
    version_control = direct.get("vcs_info")
    if isinstance(version_control, dict):
        url = f"{version_control.get('vcs', 'git')}+{url}"
        if revision := version_control.get("commit_id"):
            url += f"@{revision}"
    if folder := direct.get("subdirectory"):
        url += f"#subdirectory={quote(str(folder))}"
    return url


def _without_password(url: str) -> str:
    """Remove a login with a password: ``https://user:word@host/`` -> ``https://host/``."""
    return re.sub(r"^([^:/?#]+://)[^/?#@]*:[^/?#@]*@", r"\1", url)
