"""``python -m tornkit`` and the ``tornkit`` script."""

from __future__ import annotations

import os
import sys

from tornkit.import_order import library_first

library_first()

import contextlib  # noqa: E402 - the current folder may have one, and `python -m` puts it first


def main() -> None:
    """Run the command line and exit with its code (0 fine, 1 failure or findings, 2 usage)."""
    if sys.platform == "win32":
        sys.exit("tornkit needs Linux or macOS: it hands sockets between processes. Use WSL 2.")
    _open_standard_descriptors()
    from tornkit.cli import tornkit

    try:
        tornkit()
    except SystemExit as ending:
        load = sys.modules.get("tornkit.appload.load")
        if load is not None:  # it has imported an application or run a program, with its threads
            from tornkit.appload.leaving import exit_without_threads

            code = ending.code
            exit_without_threads(code if isinstance(code, int) else int(code is not None))
        raise


def _open_standard_descriptors() -> None:
    """Open closed standard descriptors on the null device, lest a socket take their place."""
    with contextlib.suppress(OSError):  # no descriptor is free: those three are not either
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)


if __name__ == "__main__":
    main()
