"""``--diff BASE``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornkit.cli.routes.options import Options

if TYPE_CHECKING:
    from tornkit.appload import Target
    from tornkit.appload.load import LoadedApp


def run(asked: Options, target: Target, loaded: LoadedApp) -> int:
    """Print how the tables differ; 1 if they do."""
    raise NotImplementedError
