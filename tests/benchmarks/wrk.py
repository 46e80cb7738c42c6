"""wrk, the load generator: found, given a request byte for byte, its report read.

wrk builds a request out of a Lua table, whose order is anybody's guess, and answers ``-H`` in the
same way. So its ``wrk.format`` is replaced by the bytes themselves. It is called once, before the
load begins: nothing of Lua runs while it is measured, but where each request is to differ from the
one before: `COUNTER` in it is counted up then.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores, programs
from tests.benchmarks.errors import CannotMeasure, MeasurementFailed
from tests.benchmarks.exchange import Address

_MISSING = "wrk is not installed: apt-get install wrk (Debian, Ubuntu) or brew install wrk (macOS)"
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PERCENTILE = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s|m|h)$", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([0-9.]+)$", re.MULTILINE)
_TOTAL = re.compile(r"^\s+(\d+) requests in ", re.MULTILINE)
_SOCKET_ERRORS = re.compile(r"Socket errors: (.*)$", re.MULTILINE)
_BAD_STATUS = re.compile(r"Non-2xx or 3xx responses: (\d+)")

COUNTER = "visit-00000000"
_SCRIPT = """\
local file = assert(io.open("{file}", "rb"))
local bytes = file:read("*a")
file:close()
local at, last = bytes:find("{counter}", 1, true)
if at then
  local before, after, number = bytes:sub(1, at - 1), bytes:sub(last + 1), 0
  request = function()
    number = number + 1
    return before .. string.format("visit-%08d", number) .. after
  end
else
  wrk.format = function() return bytes end
end
"""
_ANSWER_WITHIN = 10  # seconds; wrk's own 2 are few for 1 MB from many at once
_GRACE = 30.0


class LoadFailed(MeasurementFailed):
    """The load was not what was to be measured: errors, or no report; the message says which."""


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests a second, all of them answered well; times in seconds."""

    rate: float
    p50: float
    p99: float
    requests: int


def read(report: str) -> Load:
    """What ``wrk --latency`` printed.

    Raises LoadFailed if not every request was answered with 2xx or 3xx, or it is no report.
    """
    if bad := _BAD_STATUS.search(report):
        raise LoadFailed(f"{bad[1]} answers were neither 2xx nor 3xx")
    if errors := _SOCKET_ERRORS.search(report):
        raise LoadFailed(f"socket errors: {errors[1]}")
    times = {
        share: float(number) * _UNITS[unit] for share, number, unit in _PERCENTILE.findall(report)
    }
    rate, total = _RATE.search(report), _TOTAL.search(report)
    if rate is None or total is None or set(times) != {"50", "99"}:
        raise LoadFailed(f"not a report of wrk: {report.strip()[:200] or 'nothing'}")
    if total[1] == "0":
        raise LoadFailed("no request was answered")
    return Load(float(rate[1]), times["50"], times["99"], int(total[1]))


@dataclass(frozen=True)
class Wrk:
    """The program, and how it is run: one thread, on ``core``."""

    program: str
    connections: int
    core: int | None

    def load(self, address: Address, request: bytes, seconds: int) -> Load:
        """Send the request again and again, on all connections. Raises LoadFailed."""
        with tempfile.TemporaryDirectory(prefix="wrk-") as name:
            file, script = Path(name, "request"), Path(name, "request.lua")
            file.write_bytes(request)
            script.write_text(_SCRIPT.format(file=file, counter=COUNTER))
            command = [
                *(self.program, "--latency", "-t1", f"-c{self.connections}", f"-d{seconds}s"),
                *("--timeout", f"{_ANSWER_WITHIN}s", "-s", str(script)),
                "http://{}:{}/".format(*address),
            ]
            try:
                with cores.on(self.core):
                    report = programs.output(command, seconds + _GRACE)
            except programs.ProgramFailed as failure:
                raise LoadFailed(f"wrk: {failure}") from None
        return read(report)


def find(connections: int, core: int | None) -> Wrk:
    """The installed wrk. CannotMeasure, which says how to install it, if there is none."""
    program = shutil.which("wrk")
    if program is None:
        raise CannotMeasure(_MISSING)
    return Wrk(program, connections, core)
