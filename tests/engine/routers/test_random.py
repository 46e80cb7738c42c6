"""Whatever the table, the request and the change: the compiled router finds what Tornado finds.

TORNKIT_TEST_ROUTER says how many pairs of a table and a URL are tried; 200,000 take a minute.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from typing import Any

import pytest
from tornado.routing import RuleRouter

from tests.engine.routers.asking import made, outcome
from tests.engine.routers.random_tables import Wild
from tornkit.engine.routers import Compiled, compiled, counted_rules, direct, index, table

PAIRS = int(os.environ.get("TORNKIT_TEST_ROUTER", "4000"))
EACH = 20  # requests of a table
BLOCKS = 4
_initialise = RuleRouter.__init__


@pytest.mark.parametrize("block", range(BLOCKS))
def test_it_finds_what_tornado_finds(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: Counter[str] = Counter()
    tables = max(1, PAIRS // EACH // BLOCKS)
    for seed in range(block * tables, (block + 1) * tables):
        # Where the one or the other begins to pay must make no difference.
        for module in (table, compiled):
            monkeypatch.setattr(module, "PATIENCE", seed % 3)
        monkeypatch.setattr(table, "_SMALL", (0, 4)[seed % 2])
        monkeypatch.setattr(index, "_CROWD", (1, 3, 10)[seed % 3])
        monkeypatch.setattr(index, "_KEPT", (0, 16)[seed % 2])
        monkeypatch.setattr(
            RuleRouter, "__init__", (_initialise, counted_rules.initialise)[seed // 6 % 2]
        )
        monkeypatch.setattr(direct, "start", None)
        monkeypatch.setattr(direct, "_known", None)
        if seed // 3 % 2:
            direct.install(lambda found, exchange: False)
        theirs, ours = Wild(seed), Wild(seed)
        their_top: Any = theirs.application()
        our_top: Any = ours.application()
        their_router, our_router = their_top, our_top
        if seed % 5 == 0:  # no application around it: nothing may be found
            their_router = RuleRouter([(theirs.matcher(), their_top)])
            our_router = RuleRouter([(ours.matcher(), our_top)])
        stand_in = Compiled()
        for number in range(EACH):
            requests = []
            for wild, top in ((theirs, their_top), (ours, our_top)):
                # Several without a change, so that a table is made anew.
                if number % 4 == 3 and wild.chance(0.5):
                    wild.change(top)
                requests.append(made(wild.path(), wild.host(), wild.chance(0.3), top))
            expected = outcome(their_router.find_handler, requests[0])
            found = outcome(partial(stand_in.find_handler, our_router), requests[1])
            assert found == expected, (seed, number)
            assert ours.log == theirs.log, (seed, number)
            kinds[kind_of(expected)] += 1
    # Few of them reach nothing, or all the same.
    assert kinds["handler"] > tables
    assert {"fallback", "nothing", "error"} <= kinds.keys() or tables < 50, kinds


def kind_of(expected: Any) -> str:
    if isinstance(expected[0], type):
        return "error"
    if expected[0] is None:
        return "nothing"
    return "fallback" if expected[0][0] == "ErrorHandler" else "handler"
