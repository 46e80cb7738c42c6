"""Every call that may raise OSError, made to, in each kind of process: what became of it.

Two passes. `record` runs the scenario without faults, and so learns which kind of process reaches
which site in which step. `run` gives each of those an error in such a step: at once, on a server
that runs; for what is reached at a start or an end alone, with a server of its own.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tornkit
from tests.integration.faults.scenario import CONFIGURATIONS, PATIENCE, Ended, Hangs, Scenario

_INJECTED = Path(__file__).with_name("injected")
sys.path.append(str(_INJECTED))

from fault_injection import Order  # noqa: E402 - the path is made just above
from fault_sites import Site, sites  # noqa: E402

ERRNOS = (errno.EMFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EROFS)
STEPS = (
    *("boot", "warm", "requests", "reload", "crash", "grow", "shrink", "status", "logs"),
    *("refresh", "stacks", "broken", "zygote", "stop"),
)
_PACKAGE = Path(tornkit.__file__).parent
_NOT_SERVED = ("routing/", "scaffold/", "cli/routes/", "cli/new")
# What a server says where all is well, or because of what the scenario does to it.
_USUAL = re.compile(
    r"warm: |only Tornado is warm|starting anew|reloaded in|workers? from now on|"
    r"was killed by SIGKILL; starting another|finishing what is under way|stopped$|"
    r"^  |^tornkit |^(Thread|Current thread) |^$|SyntaxError|def wrong|File \"|\^+$|"
    r"W app: asked|was never closed|error: importing app|the code from before goes on serving"
)


def all_sites() -> list[Site]:
    """Of every module that any of the processes may import."""
    found = []
    for path in sorted(_PACKAGE.rglob("*.py")):
        below = str(path.relative_to(_PACKAGE))
        if not below.startswith(_NOT_SERVED):
            found += sites(path.read_text(), below)
    return found


@dataclass(frozen=True)
class Fault:
    """One site of one kind of process, reached in a step of a configuration, and its error."""

    kind: str
    site: str
    configuration: str
    step: str
    number: int
    times: int = 1


# Where a client's connection ends of an error of its own socket, or of the loop's for it: so it
# does with Tornado, which closes a stream that can't be read, written or watched.
_AS_TORNADO = re.compile(
    r"(engine/(link|server|transport/\w+|websocket/\w+)|serve/worker/accepting)\.py:\d+ "
    r"\.(accept|recv|send|sendmsg|add_writer|add_handler|setblocking)$"
)


@dataclass(frozen=True)
class Outcome:
    """What became of a fault. ``how`` is one word, ``details`` what was seen."""

    fault: Fault
    how: str
    details: tuple[str, ...] = ()

    @property
    def is_bad(self) -> bool:
        return self.how not in ("served", "told", "refused", "unfired", "closed", "as Tornado")


@dataclass
class Campaign:
    """Runs servers in ``folder``; ``say`` is told of each outcome."""

    folder: Path
    say: Callable[[str], None] = lambda line: None
    _live: dict[str, tuple[Scenario, Order]] = field(default_factory=dict)
    _count: int = 0

    # ---- the first pass ----

    def record(self, configurations: Iterable[str]) -> dict[tuple[str, str], dict[str, set[str]]]:
        """Which (kind, site) is reached in which steps of which configurations."""
        reached: dict[tuple[str, str], dict[str, set[str]]] = {}
        for name in configurations:
            scenario, _ = self._server(name)
            self._start(scenario)
            for step in STEPS[2:]:
                if step != "zygote" or name not in ("off", "standby"):
                    scenario.play(step)
            if scenario.lost:
                self.say(f"without any fault, {name}: {scenario.lost}")
            if odd := _odd_lines(scenario.server.log):
                self.say(f"without any fault, {name}: {odd}")
            scenario.close()
            seen = (scenario.folder / "faults" / "seen").read_text().splitlines()
            for step_number, kind, site in (line.split("\t") for line in seen):
                steps = reached.setdefault((kind, site), {})
                steps.setdefault(name, set()).add(STEPS[int(step_number)])
        return reached

    # ---- the second ----

    def run(self, faults: Sequence[Fault]) -> Iterator[Outcome]:
        try:
            for fault in faults:
                yield self._try(fault)
        finally:
            self.close()

    def close(self) -> None:
        for scenario, _ in self._live.values():
            scenario.close()
        self._live.clear()

    def _try(self, fault: Fault) -> Outcome:
        fresh = fault.step in ("boot", "warm")
        if fresh or fault.configuration not in self._live:
            scenario, order = self._server(fault.configuration)
            if fresh:
                return self._at_start(scenario, order, fault)
            try:
                self._start(scenario)
            except (Hangs, Ended) as error:
                scenario.close()
                return Outcome(fault, "no server", (str(error), scenario.server.log[-500:]))
            scenario.new_log()
            scenario.play("requests")
            self._live[fault.configuration] = scenario, order
        scenario, order = self._live[fault.configuration]
        outcome = self._while_running(scenario, order, fault)
        if outcome.is_bad or fault.step == "stop":
            scenario.close()
            del self._live[fault.configuration]
        return outcome

    def _at_start(self, scenario: Scenario, order: Order, fault: Fault) -> Outcome:
        order.arm(fault.kind, fault.site, fault.number, fault.times)
        try:
            with contextlib.suppress(Hangs):
                scenario.start(PATIENCE)
                scenario.warm()
            fired = order.disarm()
            if not fired:
                return Outcome(fault, "unfired")
            if "Ctrl-C stops" not in scenario.server.log:
                scenario.mend()
            scenario.verify()
            scenario.play("reload")
            scenario.play("stop")
        except Ended as error:
            log = scenario.server.log
            if "Traceback" in log or not log.strip() or len(log.strip().splitlines()) > 3:
                return Outcome(fault, "traceback", (str(error), *log.splitlines()[-3:]))
            return Outcome(fault, "refused", (str(error), *log.splitlines()[-2:]))
        except Hangs as error:
            return Outcome(
                fault, "hangs", (str(error), *_odd_lines(scenario.server.log), *scenario.lost)
            )
        finally:
            log = scenario.server.log
            scenario.close()
        return _judged(fault, scenario, log)

    def _while_running(self, scenario: Scenario, order: Order, fault: Fault) -> Outcome:
        scenario.lost.clear()
        scenario.new_log()
        # A grown one is to shrink, and back.
        try:
            if fault.step == "shrink":
                scenario.play("grow")
            order.arm(fault.kind, fault.site, fault.number, fault.times)
            scenario.play(fault.step)
            fired = order.disarm()
            if fault.step == "grow":
                with contextlib.suppress(Hangs):
                    scenario.play("shrink")
            if fault.step != "stop":
                try:
                    scenario.verify()
                except Hangs:
                    scenario.recover()
                    scenario.verify(PATIENCE)
        except (Ended, Hangs) as error:
            order.disarm()
            how = "ended" if isinstance(error, Ended) else "hangs"
            odd = _odd_lines(scenario.new_log())
            return Outcome(fault, how, (str(error), *odd, *scenario.lost))
        log = scenario.new_log()
        if not fired:
            return Outcome(fault, "unfired")
        if fault.step == "stop" and scenario.server.process.returncode != 0:
            code = scenario.server.process.returncode
            return Outcome(fault, "ended", (f"exit code {code}", *_odd_lines(log)))
        return _judged(fault, scenario, log)

    # ---- servers ----

    def _server(self, configuration: str) -> tuple[Scenario, Order]:
        self._count += 1
        folder = self.folder / f"{self._count}-{configuration}"
        faults = folder / "faults"
        faults.mkdir(parents=True)
        compiled = self.folder / "compiled"
        compiled.mkdir(exist_ok=True)
        order = Order(str(faults / "order"), create=True)

        def before_step(step: str) -> None:
            order.step = STEPS.index(step)

        scenario = Scenario(
            folder,
            configuration,
            {
                "FAULTS_FOLDER": str(faults),
                "FAULTS_COMPILED": str(compiled),
                "PYTHONPATH": os.pathsep.join((str(_INJECTED), str(_PACKAGE.parent))),
            },
            before_step,
        )
        return scenario, order

    @staticmethod
    def _start(scenario: Scenario) -> None:
        scenario.start()
        scenario.before_step("warm")
        scenario.warm()


def _judged(fault: Fault, scenario: Scenario, log: str) -> Outcome:
    odd = _odd_lines(log)
    if _AS_TORNADO.search(fault.site) and len(scenario.lost) <= 1:
        return Outcome(fault, "as Tornado", (*scenario.lost, *odd))
    if scenario.lost and all(each.endswith("idle connections closed") for each in scenario.lost):
        # Between two requests, which HTTP allows: a client opens another. None had to go.
        return Outcome(fault, "closed", (*scenario.lost, *odd))
    if any("Traceback" in line for line in odd):
        return Outcome(fault, "traceback", (*_tracebacks(log), *scenario.lost))
    if scenario.lost:
        return Outcome(fault, "lost", (*scenario.lost, *odd))
    return Outcome(fault, "told" if odd else "served", odd)


def _odd_lines(log: str) -> tuple[str, ...]:
    lines = (re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in log.splitlines())
    return tuple(line[:160] for line in lines if not _USUAL.search(line))[:8]


def _tracebacks(log: str) -> tuple[str, ...]:
    """The innermost frame of ours and the last line of each."""
    found = []
    for trace in log.split("Traceback")[1:]:
        frames = re.findall(r'File ".*?/tornkit/([^"]+)", line (\d+)', trace)
        where = ":".join(frames[-1]) if frames else "?"
        last = re.search(r"^\w[\w.]*(?:Error|Closed|Refused|Exception)\b.*", trace, re.MULTILINE)
        found.append(f"Traceback: {last.group()[:100] if last else '?'} at {where}")
    return tuple(dict.fromkeys(found))


def faults_of(
    reached: dict[tuple[str, str], dict[str, set[str]]],
    numbers: Sequence[int],
    times: int = 1,
    kinds: Sequence[str] = (),
    pattern: str = "",
) -> list[Fault]:
    """For each (kind, site) all errors where a running server reaches it, and where a start or an
    end does, too, one or, where nothing else does, all."""
    order = list(CONFIGURATIONS)
    faults = []
    for (kind, site), where in reached.items():
        if (kinds and kind not in kinds) or not re.search(pattern, site):
            continue
        configuration = min(where, key=order.index)
        steps = where[configuration]
        inner = [step for step in STEPS[2:-1] if step in steps]
        chosen: list[tuple[str, Sequence[int]]] = [(step, numbers) for step in inner[:1]]
        for step in ("boot", "warm", "stop"):
            if step in steps:
                chosen.append((step, numbers[:1] if chosen else numbers))
        faults += [
            Fault(kind, site, configuration, step, number, times)
            for step, those in chosen
            for number in those
        ]
    key = {step: place for place, step in enumerate(("boot", "warm", "stop"))}
    return sorted(
        faults, key=lambda each: (order.index(each.configuration), key.get(each.step, -1))
    )


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A place for servers, gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="tornkit-faults-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
