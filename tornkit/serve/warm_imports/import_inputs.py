"""Inputs that a module has read from its process while it was imported.

A program may change each of them before it imports the module, and would then get another one.
`tornkit.serve.warm_imports.import_recorder` notes them, and
`tornkit.serve.warm_imports.hidden_modules` compares them with what they are by then.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

from tornkit.serve.warm_imports.code_names import CodeNames
from tornkit.serve.warm_imports.exit_handlers import ExitHandler

READ_IN_C = re.compile(
    r"(OMP|GOMP|KMP|OPENBLAS|GOTO|MKL|BLIS|VECLIB|NPY|NUMBA|ARROW|GRPC|RUST|TOKIO|RAYON|JEMALLOC"
    r"|MALLOC|CUDA|OPENSSL|SSL|LC)_|LANG$|LANGUAGE$|TZ$"
)
"""Variables that the C and Rust libraries behind extension modules read by themselves."""


@dataclass(eq=False)
class Inputs:
    """Inputs that one module has read while it was executed. Empty for nearly all modules."""

    variables: dict[str, str | None] = field(default_factory=dict)  # as first seen
    environment: dict[str, str] | None = None  # as it was when it was copied or listed
    sets: dict[str, str | None] = field(default_factory=dict)  # variables, None where removed
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)  # listed
    imports: dict[str, None] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    current_folder: str | None = None
    distributions: bool = False  # the metadata of what is installed on sys.path
    locale: bool = False
    filters: bool = False  # it has warned, and a filter decides what becomes of that
    warned: bool = False  # visibly
    arguments: bool = False
    streams: bool = False  # keeps sys.stdout or another one as it was
    wrote: bool = False  # to sys.stdout or sys.stderr
    timeout: bool = False  # the default one of sockets
    levels: dict[logging.Logger, int] = field(default_factory=dict)  # at which it would have logged
    logged: bool = False
    options: bool = False  # Tornado's
    loggers: list[logging.Logger] = field(default_factory=list)  # that were not there
    exit_handlers: list[ExitHandler] = field(default_factory=list)  # set by it
    in_c: bool = False  # an extension module
    names: CodeNames = field(default_factory=CodeNames)

    def note_names(self, names: CodeNames) -> None:
        """Keep the names in the module's code."""
        self.names = names

    def never_the_same(self) -> str | None:
        """Reason why no process but a worker can execute the module as the program would."""
        if self.arguments:
            return "reads sys.argv"
        if self.warned:
            return "warns when it is imported"
        if self.options:
            return "uses tornado.options"
        if self.logged:
            return "logs when it is imported"
        if self.wrote:
            return "prints when it is imported"
        return None
