"""The command line. Exit codes: 0 every story ended well, 1 one did not, 2 usage."""

from __future__ import annotations

import argparse
import sys
import time

from tests.serve.stories.telling import LOOPS, tell

_AT_ONCE = 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.serve.stories")
    parser.add_argument("--count", type=int, default=1000, help="stories (1000)")
    parser.add_argument("--seed", type=int, default=1, help="the first one's number (1)")
    parser.add_argument("--loop", choices=LOOPS, default="asyncio", help="the workers' (asyncio)")
    parser.add_argument("--most", type=int, default=10, help="faults to find (10)")
    options = parser.parse_args()
    began = time.monotonic()
    found = 0
    for first in range(options.seed, options.seed + options.count, _AT_ONCE):
        count = min(_AT_ONCE, options.seed + options.count - first)
        for number, fault in tell(first, count, options.loop):
            print(f"story {number}: {fault}", flush=True)
            found += 1
        if found >= options.most:
            break
        print(f"{first + count - options.seed} told", file=sys.stderr, flush=True)
    print(f"{options.count} stories, {found} faults, {time.monotonic() - began:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
