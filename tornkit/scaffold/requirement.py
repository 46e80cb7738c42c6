"""How a new project asks for tornkit: from where the tornkit that makes it was installed.

A package index is the usual place. Where tornkit came from a folder, a wheel or a repository, pip
and uv say so in ``direct_url.json`` (PEP 610), and the project asks for it there as well (a direct
reference of PEP 508): its own install command would find another tornkit, or none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from tornkit import __version__

FROM_INDEX = f"tornkit>={__version__}"


def of_this_tornkit(extras: str = "") -> str:
    """``tornkit>=1.0``, or ``tornkit @ file:///...`` where it was installed from elsewhere.

    :param extras: with brackets, such as ``[redis]``.
    """
    return with_extras(_of_this_tornkit(), extras)


def _of_this_tornkit() -> str:
    try:
        text = distribution("tornkit").read_text("direct_url.json")
    except PackageNotFoundError:  # run from a folder that is on the path
        return FROM_INDEX
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return FROM_INDEX
    url = _url(found) if isinstance(found, dict) else None
    return f"tornkit @ {url}" if url else FROM_INDEX


def _url(direct: Mapping[str, Any]) -> str | None:
    """PEP 610's table as a URL of PEP 508: with the revision, the subfolder and the hash."""
    url = direct.get("url")
    if not isinstance(url, str):
        return None
    fragments = []
    version_control = direct.get("vcs_info")
    if isinstance(version_control, dict):
        url = f"{version_control.get('vcs', 'git')}+{url}"
        if revision := version_control.get("commit_id"):
            url += f"@{revision}"
    if folder := direct.get("subdirectory"):
        fragments.append(f"subdirectory={folder}")
    return url + ("#" + "&".join(fragments) if fragments else "")


def with_extras(requirement: str, extras: str) -> str:
    """``tornkit>=1`` and ``[redis]`` -> ``tornkit[redis]>=1``."""
    return requirement.replace("tornkit", f"tornkit{extras}", 1)
