"""``--match`` and ``--reverse``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornkit.cli.routes.options import Options

if TYPE_CHECKING:
    from tornkit.appload.load import LoadedApp


def run(asked: Options, loaded: LoadedApp) -> int:
    """Print who answers; 1 if nobody does."""
    raise NotImplementedError
