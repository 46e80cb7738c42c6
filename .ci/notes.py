"""Prints the section of CHANGELOG.md of one version, for its release.

python3 .ci/notes.py 0.1.0
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def notes(changelog: str, version: str) -> str:
    """What stands below ``## 0.1.0 (...)``.

    :raises ValueError: there is no such section, or it is not released yet.
    """
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    for section in sections:
        title, _, text = section.partition("\n")
        if title.split()[0] == version:
            if "unreleased" in title:
                raise ValueError(f"CHANGELOG.md calls {version} unreleased: give it its date")
            return text.strip()
    raise ValueError(f"CHANGELOG.md has no section of {version}")


if __name__ == "__main__":
    try:
        text = notes((Path(__file__).parents[1] / "CHANGELOG.md").read_text(), sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{text}\n")
