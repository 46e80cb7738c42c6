"""The OpenAPI document as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tornkit.routing.model import Report, Route
from tornkit.routing.openapi.paths import paths
from tornkit.routing.openapi.schemas import Schemas

VERSION = "3.1.0"
UNKNOWN_VERSION = "0.0.0"
"""Stands for the application's own where it is not known: OpenAPI demands one."""


def document(report: Report, routes: Sequence[Route], version: str = UNKNOWN_VERSION) -> str:
    """OpenAPI 3.1 document in JSON of ``routes``, some or all of the report's.

    ``x-tornkit-omitted`` lists those that OpenAPI has no words for, with the reason; so every
    route is in one place or the other.

    :param version: the application's own.
    """
    schemas = Schemas()
    found, omitted = paths(report, routes, schemas)
    made: dict[str, Any] = {
        "openapi": VERSION,
        "info": {"title": report.app, "version": version},
        "tags": [{"name": name} for name in _tags(found)],
        "paths": found,
    }
    if schemas.components:
        made["components"] = {"schemas": schemas.components}
    if omitted:
        made["x-tornkit-omitted"] = omitted
    return json.dumps(made, indent=2)  # ASCII: valid in whatever encoding standard output has


def _tags(found: dict[str, Any]) -> list[str]:
    """Tags of all operations, in the order in which they occur."""
    operations = (
        operation
        for item in found.values()
        for operation in item.values()
        if isinstance(operation, dict)
    )
    return list(dict.fromkeys(tag for operation in operations for tag in operation["tags"]))
