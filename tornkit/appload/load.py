"""Imports an application by its `Target`, or calls the factory that makes it: runs user code.

Four different failures, four different messages: there is no such module, no such attribute, it
is not an application, or the user's own code raised (then with their traceback alone).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tornado.httputil import HTTPServerConnectionDelegate

from tornkit.appload.factory import call_as_if_running
from tornkit.appload.leaving import Left
from tornkit.appload.shadowing import library_names, put_first
from tornkit.appload.summary import summary
from tornkit.appload.survey import USUAL_NAMES
from tornkit.appload.target import Target
from tornkit.appload.usertrace import format_user_traceback
from tornkit.errors import (
    AppLoadError,
    AppRaised,
    NoSuchAttribute,
    NoSuchModule,
    NotAnApplication,
)

Servable = HTTPServerConnectionDelegate | Callable[..., Any]


@dataclass(frozen=True)
class LoadedApp:
    """Result of loading a target: the applications that `tornkit routes` looks at.

    ``applications`` holds one element for an application; for a program, each distinct delegate
    (or old-style callback) that it would serve, in the order of its ``listen()`` calls.
    """

    target: Target
    applications: tuple[Servable, ...]
    label: str

    @property
    def program(self) -> str | None:
        """The file that was run as ``__main__``; no module of that name is left of it."""
        if not self.target.is_program:
            return None
        if self.target.module is None:
            return self.target.path
        # Found by the folders of a package: to look for `module.__main__` would import the
        # module, which is to run the program a second time, now without an end.
        with contextlib.suppress(ImportError, ValueError):  # a module in no file
            spec = importlib.util.find_spec(self.target.module)
            if spec is not None and spec.submodule_search_locations is None:
                return spec.origin
            folders = (spec and spec.submodule_search_locations) or ()
            mains = (Path(folder, "__main__.py") for folder in folders)
            return next((str(main) for main in mains if main.is_file()), None)
        return None


def find_attribute(target: Target) -> object:
    """Import the target's module and return the object that its attribute names.

    :raises NoSuchModule, NoSuchAttribute, AppRaised:
    """
    put_first(os.path.realpath(target.import_root), target.module)
    module = _import(target)
    if target.attribute is not None:
        return _attribute(module, target.attribute, target)
    usual = [getattr(module, name) for name in USUAL_NAMES if hasattr(module, name)]
    for found in usual:
        if _may_be_one(found):
            return found
    if usual:
        return usual[0]  # `build_application` tells what is wrong with it
    raise NoSuchAttribute(
        f"{target.label} has none of {', '.join(USUAL_NAMES)}; say which attribute is the "
        f"application: {target.label}:NAME"
    )


def _import(target: Target) -> ModuleType:
    assert target.module is not None
    try:
        if target.path is not None and not _importable(target.module):
            return _import_file(target.module, Path(target.path))
        module = importlib.import_module(target.module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{target.module}.".startswith(f"{error.name}."):
            similar = _similar_module(target)
            hint = f"; did you mean {similar}?" if similar else ""
            raise NoSuchModule(
                f"there is no module {target.module} (looked in {target.import_root} and the "
                f"environment's packages){hint}"
            ) from None
        raise _raised(error, f"importing {target.module}") from None
    except (KeyboardInterrupt, Left):
        raise
    except BaseException as error:  # user code may raise anything
        if isinstance(error, OSError) and target.path and _is_file(error.filename, target.path):
            raise NoSuchModule(f"{target.path} can't be read: {error.strerror}") from error
        raise _raised(error, f"importing {target.module}") from None
    loaded_from = getattr(module, "__file__", None)
    # By name: a file that is being saved is another file from one look to the next.
    if target.path and loaded_from and Path(loaded_from).resolve() != Path(target.path).resolve():
        raise NoSuchModule(
            f"{target.path} can't be imported as {target.module}: that name belongs to "
            f"{loaded_from}; rename the file"
        )
    return module


def _similar_module(target: Target) -> str | None:
    """A module or package in the same folder that has nearly this name."""
    with library_names():
        import difflib  # 2 ms, and mistakes are rare

    *parents, last = (target.module or "").split(".")
    folder = Path(target.import_root, *parents)
    names = [each.stem for each in folder.glob("*.py") if each.stem != "__init__"]
    names += [each.parent.name for each in folder.glob("*/__init__.py")]
    found = difflib.get_close_matches(last, names, n=1, cutoff=0.7)
    return ".".join((*parents, found[0])) if found else None


def _is_file(name: object, path: str) -> bool:
    return isinstance(name, str) and os.path.realpath(name) == os.path.realpath(path)


def _importable(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _import_file(name: str, path: Path) -> ModuleType:
    """Import a file whose name is no identifier (``my-app.py``)."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _attribute(module: ModuleType, attribute: str, target: Target) -> object:
    found: object = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [name for name in USUAL_NAMES if name in vars(module)]
            hint = f"; it has {', '.join(names)}" if names else ""
            raise NoSuchAttribute(f"{module.__name__} has no attribute {attribute}{hint}") from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's property
            raise _raised(error, f"looking up {target.label}") from None
    return found


async def build_application(found: object, target: Target) -> HTTPServerConnectionDelegate:
    """The application that ``found`` is, or that it returns when called in the running loop.

    :raises NotAnApplication, AppRaised:
    """
    return await application_of(call_factory(found, target), target)


def call_factory(
    found: object, target: Target, loop: asyncio.AbstractEventLoop | None = None
) -> object:
    """The application that ``found`` is, or what calling it gives: see `application_of`.

    A factory may use a running loop, as in `async def main(): app = make_app()`. With a ``loop``,
    which does not run, it may run that one or another by itself as well (`factory`).

    :raises NotAnApplication, AppRaised:
    """
    if isinstance(found, HTTPServerConnectionDelegate):
        return found
    if not callable(found):
        raise NotAnApplication(_not_an_application(found, target))
    _refuse_arguments(found, target)
    with _calling(target):
        return found() if loop is None else call_as_if_running(loop, found)


async def application_of(made: object, target: Target) -> HTTPServerConnectionDelegate:
    """The application that a factory has returned, or that awaiting its value gives.

    :raises NotAnApplication, AppRaised:
    """
    with _calling(target):
        if inspect.isawaitable(made):
            made = await made
    if not isinstance(made, HTTPServerConnectionDelegate):
        advice = " (is a return missing?)" if made is None else ""
        raise NotAnApplication(
            f"{target.label} returned {_describe(made)}{advice}, and Tornado can serve only an "
            "Application or another HTTPServerConnectionDelegate"
        )
    return made


@contextlib.contextmanager
def _calling(target: Target) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, Left):
        raise
    except BaseException as error:  # noqa: BLE001 - user code may raise anything
        raise _raised(error, f"calling {target.label}") from None


def _may_be_one(found: object) -> bool:
    """Whether a value can be served, as an application or a factory that needs no arguments."""
    if isinstance(found, HTTPServerConnectionDelegate):
        return True
    if not callable(found):
        return False
    try:
        inspect.signature(found).bind()
    except ValueError:
        return True
    except TypeError:
        return False
    return True


def _refuse_arguments(factory: Callable[..., Any], target: Target) -> None:
    try:
        inspect.signature(factory).bind()
    except ValueError:
        return  # no signature to be had: calling it will tell
    except TypeError as error:
        raise NotAnApplication(
            f"{target.label} can't be called without arguments ({error}); name a factory that "
            "takes none, or serve the program that calls it"
        ) from None


def _not_an_application(found: object, target: Target) -> str:
    return (
        f"{target.label} is {_describe(found)}, not an Application, another "
        "HTTPServerConnectionDelegate, or a function that returns one"
    )


def _describe(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _raised(error: BaseException, doing: str) -> AppLoadError:
    return AppRaised(f"{doing} failed: {summary(error)}", format_user_traceback(error))
