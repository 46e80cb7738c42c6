"""Sockets that a worker is given before it asks: those of the worker whose place it takes.

A claim is a question and an answer between two processes, while a reload is waited for. Nearly
every worker claims what its predecessor did. So it has those sockets with its `Boot`, and says with
`Ready` which of them it has taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.wire.messages import Offer, Ready
from tornkit.serve.workforce.children import WorkerHandle

_MOST = 64  # descriptors to one worker; a program that has more claims the rest


def offers(
    listeners: Listeners, slot: int, serving: Sequence[WorkerHandle[Any]]
) -> tuple[tuple[Offer, ...], list[int]]:
    """Offers of the sockets that ``serving`` workers have claimed, and a slot's descriptors."""
    found: list[Offer] = []
    descriptors: list[int] = []
    for claim, sockets in listeners.held(slot, serving[0].generation) if serving else ():
        if len(descriptors) + len(sockets) <= _MOST:
            found.append(Offer(claim, len(sockets)))
            descriptors += [sock.fileno() for sock in sockets]
    return tuple(found), descriptors


def takes(listeners: Listeners, worker: WorkerHandle[Any], ready: Ready) -> bool:
    """Note which offered sockets a worker has taken; False where the slot has no such sockets.

    It has them while the generation serves that had claimed them, which is until this one does.
    """
    slot, generation = worker.slot, worker.generation
    return all(listeners.claim_held(claim, slot, generation) for claim in ready.claims)
