"""State that a process's imports depend on, as it was when they were done."""

from __future__ import annotations

import locale
import logging
import os
import socket
import stat
import sys
import warnings

from tornkit.serve.warm_imports import streams
from tornkit.serve.warm_imports.import_inputs import Inputs

METADATA = (".dist-info", ".egg-info", ".egg-link")


def mark(path: str, *, listed: bool = False) -> object:
    """State of a file, to be compared: its time and size; None where there is none.

    Of a folder only that it is one, unless it was ``listed``.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - before an import, for each file
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(status.st_mode) and not listed:
        return "folder"
    return status.st_mtime_ns, status.st_size


class Sensitive:
    """A hidden module that has read inputs, and the state of its files when this is made."""

    def __init__(self, name: str, bit: int, inputs: Inputs) -> None:
        self.name = name
        self.bit = bit
        self.inputs = inputs
        self.files = {path: mark(path) for path in inputs.files}
        self.folders = {path: mark(path, listed=True) for path in inputs.folders}


class Surroundings:
    """State that a process's imports depend on besides the inputs of modules: taken in a zygote."""

    def __init__(self) -> None:
        self.path = tuple(sys.path)
        self.finders = tuple(sys.meta_path)
        self.hooks = tuple(sys.path_hooks)
        self.locale = locale.setlocale(locale.LC_ALL)
        self.filters = tuple(warnings.filters)
        self.streams = streams.current()
        self.timeout = socket.getdefaulttimeout()
        self.logger_class = logging.getLoggerClass()


def names_in(folder: str) -> frozenset[str]:
    """First parts of the names in a folder: those of modules, and of packages' metadata."""
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - a project's, before an import
    except OSError:
        return frozenset()
    return frozenset(
        entry if entry.endswith(METADATA) else entry.partition(".")[0] for entry in entries
    )


def current_folder() -> str | None:
    """Current folder of the process; None where that folder is gone."""
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return None
