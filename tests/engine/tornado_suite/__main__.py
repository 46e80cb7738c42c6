"""The command line. Exit codes: 0 everything passed, 1 something did not, 2 usage."""

from __future__ import annotations

import argparse
import json
import sys

from tests.engine.servers import TORNADO
from tests.engine.tornado_suite.outcome import as_text
from tests.engine.tornado_suite.processes import LOOPS, run


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine.tornado_suite",
        description="Run Tornado's own tests with another HTTPServer in place of Tornado's.",
    )
    parser.add_argument(
        "--server",
        default=TORNADO,
        metavar="MODULE:CLASS",
        help="whose server (default: Tornado's)",
    )
    parser.add_argument(
        "--loop", action="append", choices=LOOPS, help="which loop; may be given twice (both)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only tests whose module.Class.test contains this, or matches it with * and ?",
    )
    parser.add_argument(
        "--speedups", action="store_true", help="with tornkit's speedups of Tornado's handlers"
    )
    parser.add_argument(
        "--websocket", action="store_true", help="with tornkit's WebSocket protocol"
    )
    parser.add_argument("--limit", type=float, default=300, help="seconds for each loop (300)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    outcomes = []
    for loop in options.loop or LOOPS:
        outcome = run(
            options.server,
            loop,
            tuple(options.only),
            options.limit,
            speedups=options.speedups,
            websocket=options.websocket,
        )
        outcomes.append(outcome)
        if not options.json:
            print(as_text(outcome), flush=True)
    if options.json:
        print(json.dumps([json.loads(outcome.to_json()) for outcome in outcomes], indent=2))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
