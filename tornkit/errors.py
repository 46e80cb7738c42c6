"""Every error that a person can meet.

One line each that says what is wrong and what to do, with a fixed exit code (in brackets)::

    TornkitError [1]
    ├── UsageError [2]            the command line, an environment variable or pyproject.toml
    ├── AppLoadError [1]
    │   ├── AppNotFound           no APP given, and none in the usual places
    │   ├── NoSuchModule          the module or file that APP names does not exist
    │   ├── NoSuchAttribute       the module has no such attribute
    │   ├── NotAnApplication      what is there can't be served
    │   ├── UnsupportedTornado    the program brings a Tornado that is too old, or too new
    │   └── AppRaised             the user's code raised: carries their traceback
    ├── BindError [1]             a port or socket path can't be had
    ├── CertificateError [1]      --certfile or --keyfile can't be used
    ├── BusAway [1]               the broker that --bus names does not answer
    └── ConflictError [1]         `tornkit new` would overwrite files

The command line prints the message and exits; nobody else catches these to go on.
"""

from __future__ import annotations

from collections.abc import Sequence


class TornkitError(Exception):
    """Base class of all errors of tornkit. ``str(error)`` is the line to print."""

    exit_code = 1


class UsageError(TornkitError):
    """Option, variable or setting that makes no sense."""

    exit_code = 2


class AppLoadError(TornkitError):
    """Base class of errors by which an application could not be loaded."""


class AppNotFound(AppLoadError):
    """No APP was given and none of the usual places holds one."""


class NoSuchModule(AppLoadError):
    """The module or file that APP names does not exist."""


class NoSuchAttribute(AppLoadError):
    """The module is there, the attribute is not."""


class NotAnApplication(AppLoadError):
    """The attribute is there, but Tornado can't serve it."""


class UnsupportedTornado(AppLoadError):
    """Python would import a Tornado of a version that tornkit can't serve with."""


class AppRaised(AppLoadError):
    """The user's own code raised while it was imported, called or run.

    ``traceback`` is the formatted traceback with the user's frames alone; ``str(error)`` is
    one line that says what was being done.
    """

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


class BindError(TornkitError):
    """A listening socket can't be had: taken, privileged, or no such address."""


class CertificateError(TornkitError):
    """The certificate or its key is missing or can't be read."""


class BusAway(TornkitError):
    """The broker that --bus names does not answer, or nothing here can speak with it."""


class ConflictError(TornkitError):
    """Files are in the way. ``paths`` lists them; nothing was written."""

    def __init__(self, message: str, paths: Sequence[str]) -> None:
        super().__init__(message)
        self.paths = tuple(paths)
