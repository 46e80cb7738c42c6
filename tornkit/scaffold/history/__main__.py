"""Archive of this version's templates, for later versions: ``python -m tornkit.scaffold.history``.

Run before a release. An archive that is there already and differs is left alone, for projects were
made from it: the version has to go up first (``--again``: it was never released).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tornkit import __version__
from tornkit.scaffold import history, plan


def main(arguments: list[str], folder: Path) -> str:
    """Write the archive and its digest into ``folder``; returns what to tell."""
    place = folder / f"{__version__}.zip"
    archive = history.archived(plan.templates())
    if place.exists() and place.read_bytes() != archive and "--again" not in arguments:
        return (
            f"{place.name} is there and differs: raise tornkit.__version__ first, or say --again "
            "if that version was never released"
        )
    digests = history.recorded_digests(folder)
    digests[__version__] = history.digest(plan.templates())
    ordered = {version: digests[version] for version in sorted(digests, key=history.order)}
    place.write_bytes(archive)
    (folder / history.DIGESTS).write_text(json.dumps(ordered, indent=1) + "\n")
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parent) or None)
