"""Reporter that prints what the supervisor tells on a terminal, all of it to standard error.

Short lines by click alone: rich would be a quarter of the supervisor's memory, for good.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from tornkit import __version__
from tornkit.cli.line_writer import LineWriter
from tornkit.cli.output import Piece, clear_said, piece, say, say_lines
from tornkit.cli.platforms import inactive_parts
from tornkit.colour import wants_colour
from tornkit.serve.reporter import Banner
from tornkit.serve.supervisor.keys import ASKED
from tornkit.serve.supervisor.retrying import AGAIN
from tornkit.serve.wire.messages import Failed
from tornkit.serve.wire.warmth import Warmth

_LACKS_EVERY = 10.0  # seconds between two lines of the same text


class TerminalReporter:
    """A `tornkit.serve.reporter.Reporter`: short lines, the time in front."""

    def __init__(self) -> None:
        self._colour = wants_colour(sys.stderr)
        self._writer = LineWriter()
        # Lines that belong below the banner, and their styles.
        self._for_later: list[tuple[str, str]] | None = []
        self._has_advised = False  # what to do about a loop that is blocked
        self._lacked: dict[str, float] = {}  # what was said of, and when

    def serving(self, banner: Banner) -> None:
        where = [piece(" ".join(banner.urls), fg="cyan")]
        if banner.everywhere:
            addresses = "IPv6 addresses" if banner.only_ipv6 else "addresses"
            where.append(piece(f" (on all {addresses} of this machine)", fg="yellow"))
        lines: list[tuple[str, list[Piece | str]]] = [
            ("serving", [piece(banner.label, bold=True), " at ", *where]),
            ("workers", [f"{banner.workers} (supervisor {banner.pid})"]),
        ]
        if banner.watched:
            how = " by polling" if banner.polling else ""
            lines.append(("watching", [", ".join(banner.watched) + how]))
        if (inactive := inactive_parts(banner.platform)) is not None:
            lines.append(("inactive", [piece(inactive, fg="yellow")]))
        self._say(piece(f"tornkit {__version__}", bold=True))
        for name, pieces in lines:
            self._say("  ", piece(f"{name:<9}", dim=True), *pieces)
        keys = ", h and Enter lists the keys" if banner.keys else ""
        self._say(piece(f"  Ctrl-C stops{keys}", dim=True))
        for text, style in self._for_later or ():
            self._line(text, style)
        self._for_later = None

    def also_serving(self, urls: Sequence[str]) -> None:
        self._line(f"serving at {' '.join(urls)} as well", "dim")

    def warmed(self, warmth: Warmth) -> None:
        text = f"warm: {warmth.modules} modules" if warmth.modules else "only Tornado is warm"
        if culprits := warmth.culprits():
            reasons = ", ".join(f"{name} {reason}" for name, reason in culprits.items())
            text += f"; {len(culprits)} quarantined ({reasons})"
        if self._for_later is None:
            self._line(text, "dim")
        else:
            self._for_later.append((text, "dim"))

    def reloading(self, changed: Sequence[str]) -> None:
        shown = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
        is_edit = not {"SIGHUP", AGAIN, ASKED}.issuperset(changed)
        what = f"{shown} changed" if is_edit else shown
        self._line(f"{what}, starting anew", "dim")

    def still_starting(self, seconds: float) -> None:
        self._line(f"still starting, for {seconds:.0f} s by now", "dim")

    def reloaded(self, generation: int, took: float) -> None:
        self._line(f"reloaded in {took * 1000:.0f} ms", "green")

    def files_changed(self, paths: Sequence[str]) -> None:
        return  # an editor saves more often than anybody wants to read

    def failed(self, failure: Failed, *, old_serves: bool, waiting: bool) -> None:
        if failure.traceback:
            with contextlib.suppress(OSError, ValueError):  # as in `_say`
                say_lines(failure.traceback.rstrip("\n"), writer=self._writer)
        self._line(f"error: {failure.message}", "red")
        if old_serves:
            retry = "; save again to retry" if waiting else ""
            self._line(f"the code from before goes on serving{retry}", "yellow")
        elif waiting:
            self._line("nothing is served yet; save a file to retry", "yellow")

    def makes_room(self, what: str) -> None:
        self._line(
            f"the code from before holds {what}, and the new code needs that too: stopping it "
            "first, then starting anew (--reload-order stop-first does that at once)",
            "yellow",
        )

    def held(self, what: str, *, by_sibling: bool) -> None:
        if by_sibling:
            advice = f"another worker holds {what}; if each needs that for itself: --workers 1"
        else:
            advice = (
                f"the code from before holds {what}; if the new code needs that: "
                "--reload-order stop-first"
            )
        self._line(advice, "yellow")

    def helpers_ended(self, helpers: Sequence[str]) -> None:
        self._line(
            f"the code from before has lost its child process {', '.join(helpers)} while the new "
            "code started; if the new code ended it: --reload-order stop-first",
            "yellow",
        )

    def program_ended(self, slot: int, pid: int, *, waiting: bool) -> None:
        then = "save a file to start it again" if waiting else "so does the server"
        self._line(
            f"worker {slot + 1} (pid {pid}) ended by itself, with status 0; {then}", "yellow"
        )

    def serves_by_itself(self, label: str) -> None:
        text = f"{label} serves by itself: started as a program, with its own port"
        if self._for_later is None:
            self._line(text, "yellow")
        else:
            self._for_later.append((text, "yellow"))

    def worker_died(self, slot: int, pid: int, how: str, delay: float) -> None:
        when = f"in {delay:.1f} s" if delay else "now"
        self._line(f"worker {slot + 1} (pid {pid}) {how}; starting another {when}", "red")

    def not_alike(self, slot: int, path: str) -> None:
        self._line(
            f"worker {slot + 1} can't be started with the code of the others: {path} has changed "
            "since they loaded it; starting all anew",
            "yellow",
        )

    def none_serves(self) -> None:
        self._line("no worker serves; connections wait until one starts", "red")

    def hangs(self, slot: int, pid: int, seconds: float) -> None:
        self._line(
            f"worker {slot + 1} (pid {pid}) has been stuck for {seconds:.0f} s; its stacks follow, "
            "then it is replaced",
            "red",
        )

    def blocked(self, slot: int | None, seconds: float, where: str, cause: str) -> None:
        worker = "" if slot is None else f"[{slot + 1}] "
        if cause:
            self._line(f"{worker}blocked {seconds:.1f} s: {where}: {cause}", "dim")
            return
        self._line(f"{worker}blocked {seconds:.1f} s: {where}", "yellow")
        if not self._has_advised:
            self._has_advised = True
            self._line(
                "nothing else is served meanwhile: await a coroutine there (asyncio.sleep, an "
                "asynchronous client), or await loop.run_in_executor(None, function)",
                "dim",
            )

    def recycles(self, slot: int, pid: int, reason: str) -> None:
        self._line(f"worker {slot + 1} (pid {pid}) {reason}; another takes over", "dim")

    def resized(self, workers: int) -> None:
        self._line(f"{workers} worker{'' if workers == 1 else 's'} from now on", "dim")

    def differs(self, name: str, *, between_workers: bool) -> None:
        if between_workers:
            where = "is different in each worker"
        else:
            where = "changed with this reload and with the one before"
        advice = {
            "cookie_secret": "a secret made at random when it is imported makes logins vanish; "
            "read it from the environment",
            "routes": "a request is answered or not by which worker it meets; do not build the "
            "table from chance or the time",
        }[name]
        self._line(f"warning: the setting {name} {where}: {advice}", "yellow")

    def overdue(self, pid: int, slot: int) -> None:
        self._line(f"worker {slot + 1} (pid {pid}) did not end in time and was killed", "yellow")

    def watching_fails(self, trouble: str) -> None:
        self._line(
            f"can't watch files: {trouble}; polling from now on. Raise "
            "fs.inotify.max_user_watches, or --ignore what is large",
            "yellow",
        )

    def cache_refused(self, reason: str) -> None:
        text = f"the cache of warm modules is not used: {reason}"
        if self._for_later is None:
            self._line(text, "yellow")
        else:
            self._for_later.append((text, "yellow"))

    def watches_less(self, why: str) -> None:
        self._line(
            f"warning: not watched: {why}; edits may go unseen (--ignore: none there matter)",
            "yellow",
        )

    def hub_died(self) -> None:
        self._line(
            "the hub of tornkit.bus has died, and what it kept is gone; another one is started",
            "yellow",
        )

    def lacks(self, what: str) -> None:
        now = time.monotonic()
        if now - self._lacked.get(what, -_LACKS_EVERY) >= _LACKS_EVERY:
            self._lacked[what] = now
            self._line(f"warning: the supervisor lacks something: {what}; it goes on", "yellow")

    def keys(self, keys: Iterable[tuple[str, str]]) -> None:
        self._say(piece("a letter and Enter:", dim=True))
        for letter, meaning in keys:
            self._say("  ", piece(letter, bold=True), piece(f"  {meaning}", dim=True))

    def cleared(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            clear_said(self._writer)

    def stopping(self, why: str) -> None:
        self._line(f"{why}: finishing what is under way; once more to stop at once", "dim")

    def stopped(self) -> None:
        self._line("stopped", "dim")

    def _line(self, text: str, style: str) -> None:
        clock = piece(time.strftime("%H:%M:%S"), dim=True)
        look: dict[str, Any] = {"dim": True} if style == "dim" else {"fg": style}
        self._say(clock, " ", piece(text, **look))

    def _say(self, *pieces: Piece | str) -> None:
        # The terminal, or who reads the pipe, may be gone; the server is not.
        with contextlib.suppress(OSError, ValueError):
            say(*pieces, colour=self._colour, writer=self._writer)
