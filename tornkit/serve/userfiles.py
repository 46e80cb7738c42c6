"""Whose a module is: the user's own, an installed package's, or the standard library's.

The user's own is what lies neither among the installed packages nor in the standard library: the
project, and editable installs. Its files are watched, and it is never imported before a fork.
"""

from __future__ import annotations

import itertools
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType

_OWN = str(Path(__file__).resolve().parent.parent) + "/"


@cache
def _installed_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"]}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    return (*_resolved(folders), _OWN)


@cache
def _standard_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return _resolved({paths["stdlib"], paths["platstdlib"]})


def _resolved(folders: set[str]) -> tuple[str, ...]:
    return tuple(f"{path}/" for folder in folders for path in {folder, _real(folder)})


@cache
def _real(name: str) -> str:
    return str(Path(name).resolve())


def _attribute(module: object, name: str) -> object:
    """Past any code of the module's own: a lazy one would be imported by being asked, or raise."""
    try:
        return object.__getattribute__(module, "__dict__").get(name)
    except AttributeError:  # a program may put anything into sys.modules
        return None


def _file_of(module: object) -> str | None:
    name = _attribute(module, "__file__")
    return name if isinstance(name, str) else None


def is_user_module(module: ModuleType) -> bool:
    """Whether its file is the user's. A module without a file is nobody's."""
    name = _file_of(module)
    return name is not None and _is_user_file(name)


@cache  # a zygote asks about all that is warm, and its workers then know
def _is_user_file(name: str) -> bool:
    if name.startswith("<"):
        return False
    ours = _installed_folders() + _standard_folders()
    return not name.startswith(ours) and not _real(name).startswith(ours)


def is_standard(module: ModuleType) -> bool:
    """Whether it is of the standard library, or built in."""
    name = _file_of(module)
    if name is None:
        return module.__name__.partition(".")[0] in sys.stdlib_module_names
    return name.startswith(_standard_folders()) and not name.startswith(_installed_folders())


_held_at_birth: str | None = None


def remember_what_is_held() -> None:
    """In a zygote: its workers need to tell of no module that is loaded now."""
    global _held_at_birth  # noqa: PLW0603 - the fork carries it over
    _held_at_birth = next(reversed(sys.modules), None)


def _own_modules() -> dict[str, ModuleType]:
    """What this process has imported itself, in that order.

    Walked from the end: to look at every module that the zygote holds would copy the page that
    each of them is on (700 modules with pandas: 6 ms).
    """
    names = itertools.takewhile(lambda name: name != _held_at_birth, reversed(sys.modules))
    return {name: sys.modules[name] for name in reversed(list(names)) if name in sys.modules}


def user_files() -> set[str]:
    """Absolute paths of the user's Python files that this process has imported."""
    return {
        _real(name)
        for module in _own_modules().values()
        if (name := _file_of(module)) is not None
        and name.endswith(".py")
        and is_user_module(module)
    }


def other_modules() -> tuple[str, ...]:
    """Names of modules with a file that this process has imported, but for the user's."""
    return tuple(
        name
        for name, module in _own_modules().items()
        if _attribute(module, "__name__") == name  # no aliases such as os.path
        and _file_of(module) is not None
        and name not in ("__main__", "__mp_main__")
        and not is_user_module(module)
    )
