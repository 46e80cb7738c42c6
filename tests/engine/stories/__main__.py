"""The command line. Exit codes: 0 nothing unexplained differs, 1 something does, 2 usage."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.engine.stories.closing import generated_closing
from tests.engine.stories.generate import generated
from tests.engine.stories.judge import Difference, Judge
from tests.engine.stories.rules import RULES

_BLOCK = 400
_SHOWN = 10  # unexplained differences that are shrunk and shown in full


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine.stories",
        description="Tell random stories of calls to tornkit's server and to Tornado's.",
    )
    add = parser.add_argument
    add("--count", type=int, default=2_000, help="stories (2000)")
    add("--seed", type=int, default=1, help="of the stories (1)")
    add("--start", type=int, default=0, help="number of the first (0)")
    add("--loop", choices=("asyncio", "uvloop"), default="asyncio", help="of both (asyncio)")
    add("--server", default="tornkit:HTTPServer", metavar="MODULE:CLASS", help="the candidate")
    add(
        "--speedups",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with tornkit's bodies of RequestHandler's methods (yes)",
    )
    add("--closing", action="store_true", help="only about the end of a connection")
    add("--show", action="store_true", help="show the first story, and what came of it")
    options = parser.parse_args()
    if options.count < 1 or options.start < 0:
        parser.error("--count is at least 1, and --start can't be negative")
    return options


def main() -> int:
    options = _parsed()
    judge = Judge(options.server, options.loop, fast=options.speedups)
    try:
        return _judged(judge, options)
    finally:
        judge.close()


def _judged(judge: Judge, options: argparse.Namespace) -> int:
    make = generated_closing if options.closing else generated
    if options.show:
        story = make(options.seed, options.start)
        found = judge.differences([story])
        print(found[0] if found else f"{story}\n  no difference")
        return 1 if found and not found[0].explained_by else 0
    began = told = time.monotonic()
    rules: Counter[str] = Counter()
    explained = 0
    unexplained: list[Difference] = []
    end = options.start + options.count
    for start in range(options.start, end, _BLOCK):
        stories = [make(options.seed, n) for n in range(start, min(start + _BLOCK, end))]
        for each in judge.differences(stories):
            rules.update(each.explained_by)
            explained += bool(each.explained_by)
            if not each.explained_by:
                unexplained.append(each)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            done = start + len(stories) - options.start
            print(f"{done} stories, {len(unexplained)} unexplained", file=sys.stderr, flush=True)
    print(
        f"{options.count} stories in {time.monotonic() - began:.0f} s: "
        f"{options.count - explained - len(unexplained)} without a difference, "
        f"{explained} explained, {len(unexplained)} not explained"
    )
    for rule, count in rules.most_common():
        print(f"  {count:6} {rule}: {RULES[rule]}")
    groups: dict[str, list[Difference]] = {}
    for each in unexplained:
        groups.setdefault(each.signature, []).append(each)
    for signature, some in sorted(groups.items(), key=lambda item: -len(item[1]))[:_SHOWN]:
        print(f"\n{len(some)} times: {signature}")
        print(judge.shrink(min(some, key=lambda each: len(each.story.steps))))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
