"""``python -m tornkit`` and the ``tornkit`` script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code (0 fine, 1 failure or findings, 2 usage)."""
    if sys.platform == "win32":
        sys.exit("tornkit needs Linux or macOS: it hands sockets between processes. Use WSL 2.")
    from tornkit.cli import tornkit

    tornkit()


if __name__ == "__main__":
    main()
