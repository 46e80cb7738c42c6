"""Which cases there are: by number, so that every process makes the same ones by itself.

``generated``: any number of mutations. Case ``n`` of a seed does not depend on the cases before it,
so a run can be cut into blocks, and one case be made again.

``swept``: the corpus as it is, delivered whole, cut at each byte, and one byte at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from random import Random

from tests.engine.differential.case import Case, every_byte
from tests.engine.differential.corpus import Entry, entries, valid_entries
from tests.engine.differential.mutate import LONGEST, mutate
from tests.engine.differential.profiles import PROFILES

# Longer inputs are cut at this many offsets, half of them at their ends, and dealt out in pieces
# in place of single bytes: at 100 kB each offset would be as many requests as all other inputs.
_ALL_CUTS_UP_TO = 2_000
_CUTS_OF_LONG = 200
_PIECE_OF_LONG = 97
# One byte at a time costs a turn of everything for each byte.
_LONGEST_BYTE_BY_BYTE = 500


@cache
def corpus_digest() -> bytes:
    """Of all that cases are made of: an entry that holds the time would be found out by this."""
    state = hashlib.blake2b(digest_size=16)
    for entry in entries():
        state.update(repr(entry).encode())
    return state.digest()


@cache
def _mutable() -> tuple[tuple[Entry, ...], tuple[Entry, ...], tuple[bytes, ...]]:
    """Entries that mutate well (a change in 70 kB is lost in it), those that are valid, and all
    of their bytes."""
    short = tuple(entry for entry in entries() if len(entry.data) <= LONGEST)
    valid = tuple(entry for entry in valid_entries() if len(entry.data) <= LONGEST)
    return short, valid, tuple(entry.data for entry in short)


@cache
def _weighted() -> tuple[str, ...]:
    return tuple(name for name, profile in PROFILES.items() for _ in range(profile.weight))


def generated(seed: int, number: int) -> Case:
    """Case ``number`` of this seed."""
    random = Random((seed << 40) | number)
    short, valid, others = _mutable()
    entry = random.choice(valid if random.random() < 0.6 else short)
    profile = random.choice(entry.profiles if random.random() < 0.5 else _weighted())
    data = mutate(random, entry.data, others)
    eof = PROFILES[profile].is_immediate and random.random() < 0.05
    return Case(profile, data, _cuts(random, data), eof, f"{seed}:{number} of {entry.name}")


def _cuts(random: Random, data: bytes) -> tuple[int, ...]:
    kind = random.random()
    if kind < 0.85 or len(data) < 2:
        return ()
    if kind < 0.97 or len(data) > _LONGEST_BYTE_BY_BYTE:
        count = min(random.choice((1, 1, 2, 3)), len(data) - 1)
        return tuple(sorted(random.sample(range(1, len(data)), count)))
    return every_byte(data)


def _offsets(size: int) -> Iterator[int]:
    """Where to cut: everywhere, or where it is likeliest to matter."""
    if size <= _ALL_CUTS_UP_TO:
        yield from range(1, size)
        return
    half = _CUTS_OF_LONG // 2
    yield from range(1, half + 1)
    step = max(1, (size - _CUTS_OF_LONG) // half)
    yield from range(half + step, size - half, step)
    yield from range(size - half, size)


@cache
def swept() -> tuple[Case, ...]:
    """Every entry, with every profile that it is meant for, delivered in every way.

    In order of the number of cuts, so that a batch holds what takes about as many steps.
    """
    whole, cut, dealt = [], [], []
    for entry in entries():
        data, size = entry.data, len(entry.data)
        pieces = (
            every_byte(data)
            if size <= _ALL_CUTS_UP_TO
            else tuple(range(_PIECE_OF_LONG, size, _PIECE_OF_LONG))
        )
        for profile in entry.profiles:
            whole.append(Case(profile, data, name=entry.name))
            if PROFILES[profile].is_immediate:
                whole.append(Case(profile, data, eof=True, name=entry.name))
            cut += [Case(profile, data, (at,), name=entry.name) for at in _offsets(size)]
            if size > 1:
                dealt.append(Case(profile, data, pieces, name=entry.name))
    dealt.sort(key=lambda case: len(case.cuts))
    return (*whole, *cut, *dealt)
