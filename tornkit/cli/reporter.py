"""How what the supervisor says looks on a terminal. Everything goes to standard error."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.markup import escape
from rich.text import Text

from tornkit import __version__
from tornkit.cli import console
from tornkit.serve.messages import Failed
from tornkit.serve.reporter import Banner
from tornkit.serve.warmth import Warmth


class TerminalReporter:
    """A `tornkit.serve.reporter.Reporter`: short lines, the time in front."""

    def serving(self, banner: Banner) -> None:
        where = f"[bold cyan]{escape(' '.join(banner.urls))}[/]"
        if banner.everywhere:
            where += " [yellow](on all addresses of this machine)[/]"
        lines = [
            ("serving", f"[bold]{escape(banner.label)}[/] at {where}"),
            ("workers", f"{banner.workers} (supervisor {banner.pid})"),
        ]
        if banner.watched:
            how = " by polling" if banner.polling else ""
            lines.append(("watching", escape(", ".join(banner.watched)) + how))
        err = console.err()
        err.print(f"[bold]tornkit {__version__}[/]")
        for name, text in lines:
            err.print(f"  [dim]{name:<9}[/]{text}")
        err.print("  [dim]Ctrl-C stops[/]")

    def warmed(self, warmth: Warmth) -> None:
        text = f"warm: {warmth.modules} modules" if warmth.modules else "only Tornado is warm"
        if culprits := warmth.culprits():
            reasons = ", ".join(f"{name} {reason}" for name, reason in culprits.items())
            text += f"; {len(culprits)} quarantined ({escape(reasons)})"
        self._line(text, "dim")

    def reloading(self, changed: Sequence[str]) -> None:
        shown = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
        what = shown if changed == ("SIGHUP",) else f"{shown} changed"
        self._line(f"{escape(what)}, starting anew", "dim")

    def reloaded(self, generation: int, took: float) -> None:
        self._line(f"reloaded in {took * 1000:.0f} ms", "green")

    def failed(self, failure: Failed, *, old_serves: bool, waiting: bool) -> None:
        if failure.traceback:
            console.err().print(Text(failure.traceback.rstrip("\n")))
        self._line(f"[bold]error:[/] {escape(failure.message)}", "red")
        if old_serves:
            self._line("the code from before goes on serving; save again to retry", "yellow")
        elif waiting:
            self._line("nothing is served yet; save a file to retry", "yellow")

    def worker_died(self, slot: int, pid: int, how: str, delay: float) -> None:
        when = f"in {delay:.1f} s" if delay else "now"
        self._line(f"worker {slot + 1} (pid {pid}) {escape(how)}; starting another {when}", "red")

    def hangs(self, slot: int, pid: int, seconds: float) -> None:
        self._line(
            f"worker {slot + 1} (pid {pid}) has been stuck for {seconds:.0f} s; its stacks follow, "
            "then it is replaced",
            "red",
        )

    def recycles(self, slot: int, pid: int, reason: str) -> None:
        self._line(f"worker {slot + 1} (pid {pid}) {escape(reason)}; another takes over", "dim")

    def resized(self, workers: int) -> None:
        self._line(f"{workers} worker{'' if workers == 1 else 's'} from now on", "dim")

    def differs(self, name: str, *, between_workers: bool) -> None:
        where = "is different in each worker" if between_workers else "changed with this reload"
        advice = {
            "cookie_secret": "a secret made at random when it is imported makes logins vanish; "
            "read it from the environment",
            "routes": "a request is answered or not by which worker it meets; do not build the "
            "table from chance or the time",
        }[name]
        self._line(f"warning: the setting {name} {where}: {advice}", "yellow")

    def overdue(self, pid: int, slot: int) -> None:
        self._line(f"worker {slot + 1} (pid {pid}) did not end in time and was killed", "yellow")

    def stopping(self, why: str) -> None:
        self._line(f"{why}: finishing what is under way; once more to stop at once", "dim")

    def stopped(self) -> None:
        self._line("stopped", "dim")

    def _line(self, text: str, style: str) -> None:
        console.err().print(f"[dim]{time.strftime('%H:%M:%S')}[/] [{style}]{text}[/]")
