"""Parser of the words on the command line into a `Target`. No user code runs here.

APP is ``module:attr``, ``path/file.py[:attr]``, a folder, what else Python runs (a zip application,
an installed script), or absent. A file without ``:attr``
that starts to serve when it is run is a program and is run as one: its own ``main()`` sets up
what the application needs, and nobody else knows what that is. ``file.py:make_app`` serves the
application alone. In a folder the application is looked for first: nobody named a program.
"""

from __future__ import annotations

import os
import sysconfig
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tornkit.appload.survey import USUAL_NAMES, Survey, survey
from tornkit.appload.target import Kind, Target
from tornkit.errors import AppNotFound, NoSuchModule, UsageError
from tornkit.paths import expanded, is_file, is_folder, is_readable_place
from tornkit.pyproject import find_pyproject, read_tool_table

USUAL_FILES = ("app.py", "main.py", "server.py")


def locate(
    app: str | None,
    module: str | None = None,
    arguments: Sequence[str] = (),
    cwd: Path | None = None,
) -> Target:
    """Parse ``app`` (or ``-m module``) into a `Target`; without them, look in the usual places.

    ``arguments`` are what stood behind ``--``; they belong to a program.

    :raises UsageError: the words contradict each other.
    :raises AppNotFound: no APP, and none in the usual places.
    :raises NoSuchModule: the file or folder does not exist.
    """
    here = (cwd or Path.cwd()).resolve()
    if module is not None:
        if app is not None:
            raise UsageError(f"give APP or -m MODULE, not both (got {app!r} and -m {module})")
        return Target(
            kind=Kind.PROGRAM,
            label=f"-m {module}",
            import_root=str(here),
            project=str(here),
            module=module,
            arguments=tuple(arguments),
        )
    target = _locate_app(app, here, wants_program=bool(arguments))
    if not arguments:
        return target
    if not target.is_program:
        raise UsageError(
            f"arguments behind -- are for a program, and {target.label} is an application; "
            f"name the program's file, or use -m MODULE (got {' '.join(arguments)})"
        )
    return Target(**{**vars(target), "arguments": tuple(arguments)})


def _locate_app(
    app: str | None, here: Path, *, wants_program: bool, asked: tuple[Path, ...] = ()
) -> Target:
    if app is None:
        return _locate_default(here)
    place, separator, attribute = app.partition(":")
    if not place and attribute.isdecimal():
        raise UsageError(f"{app} is a port: say --port {attribute}")
    if separator and not (place and attribute):
        raise UsageError(f"{app!r} is neither module:attr nor file.py:attr")
    if separator and (misread := _misread(place, attribute)):
        raise UsageError(misread)
    path = here / expanded(place)
    if is_folder(path):
        if separator:
            raise UsageError(f"{place} is a folder; name the file: {place}/app.py:{attribute}")
        return _locate_in_folder(path.resolve(), asked)
    if place.endswith(".py") or "/" in place or _is_program_file(path):
        if not is_file(path):
            similar = _similar(path)
            hint = f"; did you mean {Path(place).with_name(similar)}?" if similar else ""
            raise NoSuchModule(f"there is no file {place} (looked in {here}){hint}")
        return _from_file(
            path.resolve(), attribute or None, _shown(path), wants_program=wants_program
        )
    if not all(place.split(".")):
        raise UsageError(f"{place} is no module: write it from the top, as in package.module")
    return _from_module(place, attribute or None, here)


def _misread(place: str, attribute: str) -> str | None:
    """Error message for a ``place:attribute`` whose attribute can't be one; None where it can."""
    if attribute.startswith("//"):
        return f"{place}:{attribute} is an address; APP is what to serve: module:attr or file.py"
    if attribute.isdecimal():
        return (
            f"{place}:{attribute} is no application: an attribute is no number. To listen there, "
            f"say --address {place} --port {attribute}"
        )
    called = attribute.partition("(")[0]
    if called != attribute and called:
        return f"leave out the brackets, a function is called by itself: {place}:{called}"
    if not all(part.isidentifier() for part in attribute.split(".")):
        return f"{attribute!r} in {place}:{attribute} can't be an attribute's name"
    return None


def _similar(path: Path) -> str | None:
    """A Python file that is there, and has nearly this name."""
    import difflib  # 2 ms, and mistakes are rare

    if path.with_name(f"{path.name}.py").is_file():
        return f"{path.name}.py"
    # Not a folder, a pipe or a link to nothing, of which one may even have the very name.
    names = [each.name for each in path.parent.glob("*.py") if each.is_file()]
    found = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return found[0] if found else None


def _locate_default(here: Path) -> Target:
    """Locate the target without an APP: by the nearest pyproject.toml, then in the usual places."""
    pyproject = find_pyproject(here)
    if pyproject is not None:
        configured = _from_pyproject(pyproject, ())
        if configured is not None:
            return configured
    return _locate_in_folder(here)


def _from_pyproject(pyproject: Path, asked: tuple[Path, ...]) -> Target | None:
    app = read_tool_table(pyproject).get("app")
    if app is None:
        return None
    if not isinstance(app, str):
        raise UsageError(f"{pyproject}: [tool.tornkit] app has to be a string")
    return _locate_app(app, pyproject.parent, wants_program=False, asked=(*asked, pyproject))


def _locate_in_folder(folder: Path, asked: tuple[Path, ...] = ()) -> Target:
    """Locate a folder's target, not by the pyproject.toml files in ``asked``: those led here."""
    own_pyproject = folder / "pyproject.toml"
    main = folder / "__main__.py"
    if own_pyproject.is_file() and own_pyproject not in asked:
        configured = _from_pyproject(own_pyproject, asked)
        if configured is not None:
            return configured
    packages = sorted(init.parent for init in folder.glob("*/__init__.py"))
    candidates = [folder / name for name in USUAL_FILES]
    candidates += [package / "app.py" for package in packages]
    surveyed = [(path, survey(path)) for path in candidates if path.is_file()]
    for path, found in surveyed:
        if found.usual_name is not None or found.has_star_import:
            return _application_file(path, found.usual_name, _shown(path))
    for path, found in surveyed:
        if found.is_program:
            return _program_file(path, _shown(path))
    if main.is_file():
        return _package(folder) if (folder / "__init__.py").is_file() else _program_of(main)
    raise AppNotFound(_not_found_message(folder))


def _not_found_message(folder: Path) -> str:
    files = (path for path in sorted(folder.glob("*.py")) if is_readable_place(path))
    programs = [path.name for path in files if _is_program(path)]
    programs += [f"-m {path.parent.name}" for path in sorted(folder.glob("*/__main__.py"))]
    hint = f" There is a program to name: {', '.join(programs[:5])}." if programs else ""
    if not programs and next(folder.glob("*.py"), None) is None:
        hint = " To begin with one: tornkit new NAME."
    return (
        f"no application found in {folder}. Looked in {', '.join(USUAL_FILES)} and a package's "
        f"app.py for {', '.join(USUAL_NAMES)}. Give APP as module:attr or file.py, or set "
        f"[tool.tornkit] app in pyproject.toml.{hint}"
    )


def _is_program(path: Path) -> bool:
    """Whether a file that was not named is a program; False for one that can't be read."""
    try:
        return survey(path).is_program
    except OSError:
        return False


def _from_file(path: Path, attribute: str | None, shown: str, *, wants_program: bool) -> Target:
    if attribute is not None:
        if path.suffix != ".py":
            raise UsageError(f"{shown} can only be run whole, as a program; leave :{attribute} out")
        return _application_file(path, attribute, f"{shown}:{attribute}")
    if path.suffix != ".py":
        return _script(path, shown)
    if path.name == "__main__.py":
        return _program_file(path, shown)
    found: Survey = survey(path)
    if wants_program or found.is_program or _would_be_a_script(found):
        return _program_file(path, shown)
    return _application_file(path, found.usual_name, shown)


def _would_be_a_script(found: Survey) -> bool:
    """Whether a file has nothing to serve, and calls something for its effect, which may serve."""
    return found.usual_name is None and not found.has_star_import and found.does_something


def _is_program_file(path: Path) -> bool:
    """Whether a bare name is that of a file to run: ``app.pyz``, ``prog``; a module comes first."""
    return path.is_file() and not path.with_name(f"{path.name}.py").is_file()


def _script(path: Path, shown: str) -> Target:
    """Target of a zip application, a compiled file, or a script without suffix as packages install.

    :raises UsageError: another program's than Python's.
    """
    with path.open("rb") as file:
        first = file.read(256)
    if first.startswith(b"\x7fELF"):
        raise UsageError(f"{shown} is no Python program")
    line = first.partition(b"\n")[0]
    # A long path to Python is written as a shell script that Python can read, too.
    if line.startswith(b"#!") and b"python" not in line and b"exec' " not in first:
        interpreter = line[2:].decode(errors="replace").strip()
        raise UsageError(f"{shown} is no Python program: {interpreter} is to run it")
    program = _program_file(path, shown)
    if zipfile.is_zipfile(path):
        return replace(program, import_root=str(path))
    # Beside an installed script are others, and not the project.
    installed = str(path.parent) in (sysconfig.get_path("scripts"), *_path_folders())
    return replace(program, project=str(Path.cwd())) if installed else program


def _path_folders() -> list[str]:
    return os.environ.get("PATH", "").split(os.pathsep)


def _package(folder: Path) -> Target:
    """Target of a package with ``__main__.py``, run as ``python -m``: it may import relatively."""
    root, module = _module_name(folder / "__init__.py")
    return Target(
        kind=Kind.PROGRAM,
        label=f"-m {module}",
        import_root=str(root),
        project=str(folder),
        module=module,
    )


def _program_of(main: Path) -> Target:
    """Target of a folder that is run: ``python folder`` runs its ``__main__.py``."""
    return _program_file(main, _shown(main))


def _program_file(path: Path, shown: str) -> Target:
    folder = str(path.parent)
    return Target(
        kind=Kind.PROGRAM, label=shown, import_root=folder, project=folder, path=str(path)
    )


def _application_file(path: Path, attribute: str | None, shown: str) -> Target:
    root, module = _module_name(path)
    project = path.parent if root == path.parent else root / module.partition(".")[0]
    label = (
        shown if attribute is None or shown.endswith(f":{attribute}") else f"{shown}:{attribute}"
    )
    return Target(
        kind=Kind.APPLICATION,
        label=label,
        import_root=str(root),
        project=str(project),
        module=module,
        path=str(path),
        attribute=attribute,
    )


def _module_name(path: Path) -> tuple[Path, str]:
    """The folder to import from and the dotted name: ``__init__.py`` marks packages (as flask).

    ``/x/board/web/app.py`` with ``__init__.py`` in web and board is ``board.web.app`` from /x, so
    that its relative imports work.
    """
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        parts.append(folder.name)
        folder = folder.parent
    return folder, ".".join(reversed(parts))


def _from_module(module: str, attribute: str | None, here: Path) -> Target:
    return Target(
        kind=Kind.APPLICATION,
        label=f"{module}:{attribute}" if attribute else module,
        import_root=str(here),
        project=str(here),
        module=module,
        attribute=attribute,
    )


def _shown(path: Path) -> str:
    """Path as a person in the current folder would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
