"""A process that plays: ``python -m tests.engine.differential.child SERVER LOOP FAMILY FD``.

Reference and candidate have a process each. So neither can change what the other's answers are (a
server may patch Tornado), both run at once, and one that crashes takes nobody along.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection

from tests.engine.differential.generate import corpus_digest
from tests.engine.differential.messages import (
    BATCH,
    AskLeaks,
    Began,
    Block,
    Leaks,
    Played,
    Ready,
    Replay,
    Replayed,
    Restless,
)
from tests.engine.differential.outcome import Outcome
from tests.engine.differential.player import Player
from tests.engine.differential.resting import NeverAtRest
from tests.engine.servers import server_class


def play(player: Player, block: Block, say: Callable[[object], None]) -> Played:
    """Plays a block, and says what batch it is about to play."""
    digests, events = bytearray(), bytearray()
    statuses: Counter[str] = Counter()
    for batch in block.batches():
        say(Began(batch))
        outcomes = player.play([block.case(number) for number in batch])
        digests += b"".join(outcome.digest() for outcome in outcomes)
        events += outcomes[0].events_digest()
        statuses.update(_first_status(outcome) for outcome in outcomes)
    return Played(bytes(digests), bytes(events), statuses, player.leaks())


def _first_status(outcome: Outcome) -> str:
    """For the statistics: which share of the input gets how far."""
    if outcome.received:
        return outcome.received[9:12].decode("latin-1")
    return "closed" if outcome.is_closed else "waits"


def replay(player: Player, asked: Replay) -> Replayed:
    """Plays cases again, alone or as many at a time as in a block."""
    size = 1 if asked.alone else BATCH
    cases = asked.cases
    outcomes: list[Outcome] = []
    for start in range(0, len(cases), size):
        outcomes += player.play(cases[start : start + size])
    return Replayed(tuple(outcomes))


def serve(player: Player, connection: Connection) -> None:
    """Answers until the other side is gone."""
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        try:
            match message:
                case Block():
                    connection.send(play(player, message, connection.send))
                case Replay():
                    connection.send(replay(player, message))
                case AskLeaks():
                    connection.send(Leaks(player.leaks()))
        except NeverAtRest:
            # What the loop still holds would go on in the next batch: of no more use.
            connection.send(Restless())
            return


def main(server: str, loop: str, family: str, descriptor: str) -> None:
    connection = Connection(int(descriptor))
    with Player(server_class(server), loop, family) as player:
        connection.send(Ready(corpus_digest()))
        serve(player, connection)


if __name__ == "__main__":
    main(*sys.argv[1:])
