"""Owner of a Python file: the user, an installed package, or the standard library.

The user's own is what lies neither among the installed packages nor in the standard library: the
project, and editable installs.
"""

from __future__ import annotations

import site
import sysconfig
from functools import cache
from pathlib import Path

_OWN = str(Path(__file__).resolve().parent) + "/"


@cache
def installed_folders() -> tuple[str, ...]:
    """Folders of the installed packages, tornkit itself among them; each ends in a slash."""
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"]}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    return (*_resolved(folders), _OWN)


@cache
def standard_folders() -> tuple[str, ...]:
    """Folders of the standard library; the installed packages may be in a folder below it."""
    paths = sysconfig.get_paths()
    return _resolved({paths["stdlib"], paths["platstdlib"]})


def _resolved(folders: set[str]) -> tuple[str, ...]:
    return tuple(f"{path}/" for folder in folders for path in {folder, real(folder)})


@cache
def real(name: str) -> str:
    """The absolute path behind all links."""
    return str(Path(name).resolve())


def attribute(module: object, name: str) -> object:
    """Attribute of a module, or None; read without running a lazy module's ``__getattr__``."""
    try:
        return object.__getattribute__(module, "__dict__").get(name)
    except AttributeError:  # a program may put anything into sys.modules
        return None


def file_of(module: object) -> str | None:
    """The file that a module was loaded from, or None, without running a lazy module's code."""
    name = attribute(module, "__file__")
    return name if isinstance(name, str) else None


@cache  # a zygote asks about all that is warm, and its workers then know
def is_user_file(name: str) -> bool:
    """Whether a file is neither installed nor of the standard library; False for ``<string>``."""
    if name.startswith("<"):
        return False
    others = installed_folders() + standard_folders()
    return not name.startswith(others) and not real(name).startswith(others)
