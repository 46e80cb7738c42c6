"""Which loaded modules are the user's own: their files are watched."""

from __future__ import annotations

import site
import sys
import sysconfig
from functools import cache
from pathlib import Path

_OWN = str(Path(__file__).resolve().parent.parent)


@cache
def _foreign_folders() -> tuple[str, ...]:
    """Installed packages, the standard library, tornkit itself."""
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages(), _OWN}
    return tuple(str(Path(folder).resolve()) + "/" for folder in folders)


def user_files() -> set[str]:
    """Absolute paths of the Python files behind ``sys.modules`` that are neither installed nor
    standard: the project's, and those of editable installs."""
    found = set()
    for module in tuple(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if not isinstance(name, str) or not name.endswith(".py"):
            continue
        path = str(Path(name).resolve())
        if not path.startswith(_foreign_folders()):
            found.add(path)
    return found
