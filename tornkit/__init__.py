"""tornkit: a command-line dev server and routing toolkit for Tornado."""

__version__ = "0.1.0"
