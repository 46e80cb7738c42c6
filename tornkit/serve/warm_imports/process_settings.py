"""Settings of the whole process that a module may change while it is imported.

A program may set one before it imports the module, which then has the last word; or depend on one,
and not import the module any more.
"""

from __future__ import annotations

import faulthandler
import gc
import locale
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Any

_get_locale = locale.setlocale  # which is replaced while modules are watched

_DECIMAL_CONTEXT = (28, "ROUND_HALF_EVEN")  # as it is at first


def current() -> dict[str, object]:
    """Present settings of the process (umask, locale, root logger), keyed by words for a change.

    Words as ``sets the umask`` are said of a module after whose import the value is another.
    """
    return {words: setting() for words, setting in _SETTINGS.items()}


def _root_logger() -> object:
    root = logging.root
    return root.level, root.disabled, tuple(root.handlers), tuple(root.filters)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _decimal_context() -> object:
    get: Any = getattr(sys.modules.get("decimal"), "getcontext", None)
    if get is None:  # it is not loaded, or half
        return _DECIMAL_CONTEXT
    context = get()
    return context.prec, context.rounding


_SETTINGS: dict[str, Callable[[], object]] = {
    "configures the root logger": _root_logger,
    "calls logging.disable": lambda: logging.root.manager.disable,
    "sets a class of logging": lambda: (logging.getLoggerClass(), logging.getLogRecordFactory()),
    "calls logging.captureWarnings": lambda: warnings.showwarning.__module__ == logging.__name__,
    "sets the default timeout of sockets": socket.getdefaulttimeout,
    "sets the recursion limit": sys.getrecursionlimit,
    "sets the switch interval": sys.getswitchinterval,
    "sets a trace function": lambda: (sys.gettrace(), sys.getprofile()),
    "configures the garbage collector": lambda: (gc.isenabled(), gc.get_threshold()),
    "enables faulthandler": faulthandler.is_enabled,
    "sets the umask": _umask,
    "sets the locale": lambda: _get_locale(locale.LC_ALL),
    "sets the context of decimal": _decimal_context,
}
