"""Makes one call of one kind of process fail, as the driver's `Order` says.

Each process notes in ``seen`` which sites it reaches in which step of the scenario, and counts in
the order how often the fault was raised.
"""

from __future__ import annotations

import builtins
import contextlib
import marshal
import mmap
import os
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, NoReturn

import fault_sites

# step, number of the error, times that it is raised (0: always), fired, kind, site
_LAYOUT = struct.Struct("=IIII16s200s")
_STEP, _FIRED = 0, 12
# What the bootstrap of each kind of process imports (`tornkit.serve.wire.processes`).
_ENTRY_MODULES = {
    "zygote": "zygote.zygote",
    "standby": "zygote.standby_process",
    "worker": "worker.entry",
}
_SKIPPED = ("tornkit.routing", "tornkit.scaffold")
_open, _write, _close = os.open, os.write, os.close
_WORD = struct.Struct("=I")


class Order:
    """What is to fail, in memory that the driver shares with every process of a server."""

    def __init__(self, path: str, *, create: bool = False) -> None:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o666)
        if create:
            os.ftruncate(descriptor, mmap.PAGESIZE)
        self._memory = mmap.mmap(descriptor, mmap.PAGESIZE)
        os.close(descriptor)

    def arm(self, kind: str, site: str, number: int, times: int) -> None:
        _LAYOUT.pack_into(
            self._memory, 0, self.step, number, times, 0, kind.encode(), site.encode()
        )

    def disarm(self) -> int:
        """No more; how often it was raised."""
        fired = self.fired
        _LAYOUT.pack_into(self._memory, 0, self.step, 0, 0, 0, b"", b"")
        return fired

    @property
    def step(self) -> int:
        return int(_WORD.unpack_from(self._memory, _STEP)[0])

    @step.setter
    def step(self, step: int) -> None:
        _WORD.pack_into(self._memory, _STEP, step)

    @property
    def armed(self) -> bool:
        return self._memory[4] != 0

    @property
    def fired(self) -> int:
        return int(_WORD.unpack_from(self._memory, _FIRED)[0])

    def take(self, kind: str, site: str) -> int:
        """The error that this call is to fail with, 0 for none."""
        _, number, times, fired, whose, what = _LAYOUT.unpack_from(self._memory, 0)
        if what.rstrip(b"\0").decode() != site or whose.rstrip(b"\0").decode() != kind:
            return 0
        if times and fired >= times:
            return 0
        _WORD.pack_into(self._memory, _FIRED, fired + 1)
        return int(number)


def _kind() -> str:
    words = " ".join(sys.orig_argv)
    for kind, entry_module in _ENTRY_MODULES.items():
        if f"from tornkit.serve.{entry_module}" in words:
            return kind
    return "supervisor"


def install(folder: str, compiled: str) -> None:
    """From now on, in this process and what it forks."""
    order = Order(os.path.join(folder, "order"))
    state = {"kind": _kind()}
    seen: set[tuple[int, str]] = set()

    def born() -> None:
        if state["kind"] == "zygote":
            state["kind"] = "worker"
            seen.clear()

    os.register_at_fork(after_in_child=born)

    def note(step: int, site: str) -> None:
        seen.add((step, site))
        line = f"{step}\t{state['kind']}\t{site}\n".encode()
        descriptor = _open(os.path.join(folder, "seen"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        _write(descriptor, line)
        _close(descriptor)

    def hook(site: str, func: Callable[..., Any]) -> Callable[..., Any]:
        step = order.step
        if (step, site) not in seen and fault_sites.may_raise(site, func):
            with contextlib.suppress(OSError):  # a limit that is tried is this file's too
                note(step, site)
        if order.armed and fault_sites.may_raise(site, func):
            number = order.take(state["kind"], site)
            if number:
                return _raiser(number, func)
        return func

    setattr(builtins, fault_sites.HOOK, hook)
    sys.meta_path.insert(0, _Finder(compiled))


def _raiser(number: int, func: Callable[..., Any]) -> Callable[..., Any]:
    def fail(*args: object, **kwargs: object) -> NoReturn:
        if isinstance(getattr(func, "__self__", None), threading.Thread):
            raise RuntimeError("can't start new thread")  # what CPython makes of any errno
        raise OSError(number, os.strerror(number))

    return fail


class _Finder:
    """Finds modules of tornkit, to be rewritten when they are loaded."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != "tornkit" or name.startswith(_SKIPPED):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(name, spec.loader.path, self._folder)
        return spec


class _Loader(SourceFileLoader):
    """Compiles what was rewritten, and keeps that elsewhere than where Python would look."""

    def __init__(self, name: str, path: str, folder: str) -> None:
        super().__init__(name, path)
        self._kept = os.path.join(folder, f"{name}.code")

    def get_code(self, fullname: str) -> CodeType | None:
        try:
            with open(self._kept, "rb") as file:
                code: CodeType = marshal.load(file)
                return code
        except (OSError, EOFError, ValueError):
            pass
        tail = self.path.rpartition("/tornkit/")[2]
        compiled = compile(fault_sites.rewrite(self.get_data(self.path), tail), self.path, "exec")
        try:
            own = f"{self._kept}.{os.getpid()}"
            with open(own, "wb") as file:
                marshal.dump(compiled, file)
            os.replace(own, self._kept)
        except OSError:
            pass
        return compiled
