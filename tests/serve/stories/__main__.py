"""Random stories of messages between a real supervisor and real workers, in one process.

    python -m tests.serve.stories --count 100000 --loop uvloop

A story is a number: it decides what the program does, what befalls it, and how late each message
arrives. What is real: `Supervisor` and all below it, `Listeners`, `Worker` and `Listening`, the
workers' event loop, listening sockets and connections. What is not: processes, and the channels
(`lines`), which deliver each side's messages in order and at any time.

Each story ends in calm: nothing more befalls it, and everything is delivered. Then every living
worker accepts on every address that it has claimed and nobody else has the address; no connection
is lost but those of a worker that was killed; or the person was told why not. Nothing may rest on
a timeout.

Exit codes: 0 every story ended well, 1 one did not, 2 usage.
"""

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
