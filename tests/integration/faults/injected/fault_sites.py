"""The calls in a module's source that may raise OSError, and a rewriting of it that can make them.

    os.dup(descriptor)  ->  __fault__("serve/wire/channel.py:83 os.dup", os.dup)(descriptor)

A call is a *site* by the name of what is called: a function of a module that makes system calls,
or a method of that name (`METHODS`). Of a method it is known only when it runs whether its object
is a socket or something of ours that is called alike: see `may_raise`.
"""

from __future__ import annotations

import ast
import asyncio
import io
import mmap
import pathlib
import select
import selectors
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HOOK = "__fault__"

# Functions and classes that make system calls. What can't fail for want of something is left out:
# close, kill, waitpid, getpid, epoll_wait and the like say EBADF, ESRCH, ECHILD or EINTR, and
# nothing else.
_OF_OS = """
access chdir chmod dup dup2 execv execve execvp fork ftruncate fstat getcwd link listdir lseek lstat
memfd_create mkdir makedirs open pipe posix_spawn posix_spawnp pread read fdopen readlink remove
rename replace rmdir scandir set_blocking stat symlink tcgetpgrp unlink write
"""
_OF_SOCKETS = """
accept bind connect getpeername getsockname listen recv recvmsg send sendall sendmsg sendto
setblocking setsockopt settimeout
"""
_OF_LOOPS = "register modify add_reader add_writer add_handler poll select get_loop start"
_OF_FILES = """
read readlines write flush read_bytes read_text write_text mkdir unlink chmod replace stat lstat
is_file is_dir exists resolve glob iterdir
"""
FUNCTIONS = {
    "os": frozenset(_OF_OS.split()),
    "os.path": frozenset({"realpath"}),
    "socket": frozenset({"socket", "socketpair", "getaddrinfo", "fromfd", "create_connection"}),
    "select": frozenset({"epoll"}),
    "selectors": frozenset({"DefaultSelector"}),
    "mmap": frozenset({"mmap"}),
    "subprocess": frozenset({"Popen", "run"}),
    "tempfile": frozenset({"gettempdir", "TemporaryFile", "NamedTemporaryFile", "mkdtemp"}),
    "asyncio": frozenset({"Runner", "new_event_loop"}),
}
BUILTINS = frozenset({"open"})
METHODS = frozenset(f"{_OF_SOCKETS} {_OF_LOOPS} {_OF_FILES}".split())
_POLL = type(select.poll())
_OWNERS = (
    socket.socket,
    select.epoll,
    _POLL,
    selectors.BaseSelector,
    asyncio.AbstractEventLoop,
    asyncio.Runner,
    pathlib.PurePath,
    io.IOBase,
    mmap.mmap,
    threading.Thread,
    subprocess.Popen,
)


@dataclass(frozen=True)
class Site:
    """One call: ``path`` is below the package, ``name`` what is called."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.name}"


def may_raise(site: str, func: Callable[..., Any]) -> bool:
    """Whether what stands at a site is really a system call's: not a method of ours."""
    if not site.rpartition(" ")[2].startswith("."):
        return True
    owner = getattr(func, "__self__", None)
    if isinstance(owner, type):
        return issubclass(owner, _OWNERS)
    if func.__name__ == "poll" and isinstance(owner, select.epoll):
        return False
    if func.__name__ == "register" and isinstance(owner, _POLL):  # no more than a dictionary
        return False
    if func.__name__ == "select" and isinstance(owner, selectors.EpollSelector):
        return False
    if isinstance(owner, _OWNERS):
        return True
    # tornado's IOLoop.add_handler is a call of the loop's
    return type(owner).__module__.startswith("tornado.platform")


def sites(source: str, path: str) -> list[Site]:
    """Every site of a module."""
    tree = ast.parse(source)
    finder = _Rewriter(path, tree)
    finder.visit(tree)
    return finder.found


def rewrite(source: bytes, path: str) -> ast.Module:
    """The module with `HOOK` around what each site calls."""
    tree = ast.parse(source)
    rewritten: ast.Module = _Rewriter(path, tree).visit(tree)
    return ast.fix_missing_locations(rewritten)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, path: str, tree: ast.Module) -> None:
        self.found: list[Site] = []
        self._path = path
        self._names = _imported(tree)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = self._name(node.func)
        self.generic_visit(node)
        if name is None:
            return node
        site = Site(self._path, node.lineno, name)
        self.found.append(site)
        hook = ast.Call(ast.Name(HOOK, ast.Load()), [ast.Constant(str(site)), node.func], [])
        node.func = ast.copy_location(hook, node.func)
        return node

    def _name(self, func: ast.expr) -> str | None:
        match func:
            case ast.Name(id=name):
                dotted = self._names.get(name, f"builtins.{name}")
                if dotted == f"builtins.{name}" and name in BUILTINS:
                    return name
            case ast.Attribute(value=value, attr=attr):
                base = ast.unparse(value)
                root, _, rest = base.partition(".")
                module = ".".join(part for part in (self._names.get(root, ""), rest) if part)
                if root in self._names and module in FUNCTIONS:
                    return f"{module}.{attr}" if attr in FUNCTIONS[module] else None
                return f".{attr}" if attr in METHODS else None
            case _:
                return None
        module, _, last = dotted.rpartition(".")
        return dotted if last in FUNCTIONS.get(module, ()) else None


def _imported(tree: ast.Module) -> dict[str, str]:
    """What each name that a module imports stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                names[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
