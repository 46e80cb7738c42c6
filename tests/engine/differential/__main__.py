"""The command line. Exit codes: 0 nothing unexplained differs, 1 something does, 2 usage."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.engine.differential.generate import generated, swept
from tests.engine.differential.pair import Pair
from tests.engine.differential.player import FAMILIES
from tests.engine.differential.process import Subject
from tests.engine.differential.report import as_json, as_text, case_lines, progress_line
from tests.engine.differential.run import Plan, Result, run
from tests.engine.servers import TORNADO

LOOPS = ("asyncio", "uvloop")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine.differential",
        description="Send the same hostile bytes to two HTTP servers and compare everything.",
    )
    add = parser.add_argument
    add(
        "--server",
        default="tornkit:HTTPServer",
        metavar="MODULE:CLASS",
        help="the candidate (tornkit's)",
    )
    add("--against", default=TORNADO, metavar="MODULE:CLASS", help="the reference (Tornado's)")
    add("--count", type=int, default=20_000, help="generated cases (20000)")
    add("--seed", type=int, default=1, help="of the generated cases (1)")
    add("--jobs", type=int, default=1, help="pairs of processes (1: both busy on two cores)")
    add("--no-sweep", action="store_true", help="leave out the corpus cut at each byte")
    add("--loop", choices=LOOPS, default="asyncio", help="the candidate's (asyncio)")
    add("--against-loop", choices=LOOPS, default="asyncio", help="the reference's (asyncio)")
    add("--family", choices=FAMILIES, default="unix", help="sockets (unix)")
    add("--silence", type=float, default=30.0, help="seconds after which a player hangs (30)")
    add("--json", type=Path, metavar="FILE", help="also write everything there")
    add("--show", metavar="SEED:N", help="play one case, sweep:N as well, and show both answers")
    options = parser.parse_args()
    if options.count < 0 or options.jobs < 1 or not 0 <= options.seed < 1 << 40:
        parser.error("--count and --seed can't be negative, and --jobs is at least 1")
    return options


def _show(plan: Plan, name: str) -> int:
    seed, _, number = name.partition(":")
    case = swept()[int(number)] if seed == "sweep" else generated(int(seed), int(number))
    pair = Pair(plan.reference, plan.candidate, plan.silence)
    try:
        judged = pair.judge([case], alone=True)[0]
    finally:
        pair.close()
    print("\n".join(case_lines(judged)))
    print(judged.difference.signature if judged.difference else "no difference")
    return 1 if judged.difference else 0


def main() -> int:
    options = _parsed()
    plan = Plan(
        reference=Subject(options.against, options.against_loop, options.family),
        candidate=Subject(options.server, options.loop, options.family),
        count=options.count,
        seed=options.seed,
        jobs=options.jobs,
        with_sweep=not options.no_sweep,
        silence=options.silence,
    )
    if options.show:
        return _show(plan, options.show)
    told = time.monotonic()

    def tell(result: Result) -> None:
        nonlocal told
        if time.monotonic() - told > 5:
            told = time.monotonic()
            print(progress_line(result), file=sys.stderr, flush=True)

    result = run(plan, tell)
    print(as_text(result))
    if options.json:
        options.json.write_text(json.dumps(as_json(result), indent=1))
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
