"""The command line. Exit codes: 0 nothing bad came of any fault, 1 something did, 2 usage."""

from __future__ import annotations

import argparse
import errno
import json
import re
import sys
from collections import Counter
from pathlib import Path

from tests.integration.faults.campaign import ERRNOS, Campaign, all_sites, faults_of, folder
from tests.integration.faults.scenario import CONFIGURATIONS
from tests.integration.faults.table import as_text


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.integration.faults",
        description="Make calls of supervisor, zygote and workers fail, and see what becomes.",
    )
    add = parser.add_argument
    add("--list", action="store_true", help="the sites, and which processes reach them; no faults")
    add("--kind", action="append", default=[], help="supervisor, zygote, worker, standby (all)")
    add("--site", default="", metavar="REGEX", help="only sites that match")
    add("--errno", action="append", default=[], metavar="NAME", help="EMFILE, ... (five of them)")
    add("--configuration", action="append", default=[], choices=CONFIGURATIONS, help="(all)")
    add("--step", default="", metavar="REGEX", help="only in these steps of the scenario")
    add("--times", type=int, default=1, help="how often it fails; 0: while the step lasts (1)")
    add("--json", type=Path, metavar="FILE", help="also write everything there")
    return parser.parse_args()


def main() -> int:
    options = _parsed()
    numbers = [getattr(errno, name) for name in options.errno] or ERRNOS
    configurations = options.configuration or list(CONFIGURATIONS)
    with folder() as place:
        campaign = Campaign(place, say=lambda line: print(line, flush=True))
        reached = campaign.record(configurations)
        if options.list:
            known = {site for _, site in reached}
            for (kind, site), where in sorted(reached.items()):
                steps = "; ".join(f"{name}: {' '.join(sorted(where[name]))}" for name in where)
                print(f"{kind:<11}{site:<60}{steps}")
            for each in all_sites():
                if str(each) not in known:
                    print(f"{'-':<11}{each}")
            print(f"{len(all_sites())} sites, {len(known)} reached, {len(reached)} with their kind")
            return 0
        faults = faults_of(reached, numbers, options.times, options.kind, options.site)
        faults = [fault for fault in faults if re.search(options.step, fault.step)]
        print(f"{len(faults)} faults", flush=True)
        outcomes = []
        for outcome in campaign.run(faults):
            outcomes.append(outcome)
            fault = outcome.fault
            if outcome.is_bad:
                name = errno.errorcode[fault.number]
                print(
                    f"  {fault.kind} {fault.site} {name} in {fault.step}/{fault.configuration}: "
                    f"{outcome.how}: {'; '.join(outcome.details)}",
                    flush=True,
                )
    print(as_text(outcomes))
    print(dict(Counter(outcome.how for outcome in outcomes)))
    if options.json:
        rows = [{**vars(each.fault), "how": each.how, "details": each.details} for each in outcomes]
        options.json.write_text(json.dumps(rows, indent=1))
    return int(any(outcome.is_bad for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
