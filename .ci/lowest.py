"""Prints each declared dependency pinned to its lowest declared version, one a line.

python3 .ci/lowest.py test     the program's own, the build's, and those of the extra "test"
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+(?:\[[\w,-]+\])?)>=(?P<version>[\w.]+)[^;]*(?P<marker>;.*)?$"
)


def lowest(extras: list[str]) -> list[str]:
    """``tornado>=6.5,<7`` -> ``tornado==6.5``, ``x[extra]>=1`` -> ``x[extra]==1``

    :raises ValueError: one has no lowest version.
    """
    declared = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    project = declared["project"]
    requirements = [*project["dependencies"], *declared["build-system"]["requires"]]
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    pinned = []
    for requirement in requirements:
        found = _REQUIREMENT.match(requirement)
        if found is None:
            raise ValueError(f"{requirement} has no lowest version")
        pinned.append(f"{found['name']}=={found['version']}{found['marker'] or ''}")
    return pinned


if __name__ == "__main__":
    sys.stdout.writelines(f"{each}\n" for each in lowest(sys.argv[1:]))
