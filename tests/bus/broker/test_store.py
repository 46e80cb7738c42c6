"""The store against a dictionary, and its bounds."""

from __future__ import annotations

import random

import pytest

from tornkit.bus.broker.store import Store
from tornkit.bus.errors import BusError, StoreFull


@pytest.mark.parametrize("seed", range(10))
def test_as_a_dictionary_with_ends(seed: int) -> None:
    rng = random.Random(seed)
    store = Store(10**9)
    model: dict[str, tuple[bytes, float | None]] = {}
    now = 0.0
    for _ in range(2000):
        now += rng.choice([0.0, 0.1, 1.0])
        model = {key: each for key, each in model.items() if each[1] is None or each[1] > now}
        key = rng.choice("abcd")
        before = model.get(key)
        ends = rng.choice([None, now + rng.choice([0.05, 0.5, 3.0])])
        value = b"j%d" % rng.randrange(3)
        match rng.randrange(6):
            case 0:
                assert store.get(key, now) == (before[0] if before else None)
            case 1:
                only_new = rng.random() < 0.5
                done = store.set(key, value, ends, now, only_new=only_new)
                assert done is not (only_new and before is not None)
                if done:
                    model[key] = value, ends
            case 2:
                only = rng.choice([None, value])
                done = before is not None and only in (None, before[0])
                assert store.delete(key, now, only=only) is done
                if done:
                    del model[key]
            case 3:
                number = int(before[0][1:]) if before else 0
                assert store.increment(key, 2, ends, now) == number + 2
                model[key] = b"j%d" % (number + 2), before[1] if before else ends
            case 4:
                done = before is not None and before[0] == value
                assert store.renew(key, value, now + 2, now) is done
                if done:
                    model[key] = value, now + 2
            case 5:
                store.expire(now)
                assert len(store) == len(model)
    for key in list(model):
        store.delete(key, now)
    assert (len(store), store.size) == (0, 0)


@pytest.mark.parametrize("value", [b'j"x"', b"jnull", b"j1.5", b"jtrue", b"bx", b"b1"])
def test_what_is_no_number_is_not_added_to(value: bytes) -> None:
    store = Store(10**6)
    store.set("a", value, None, 0.0)
    with pytest.raises(BusError, match="no whole number"):
        store.increment("a", 1, None, 0.0)
    assert store.get("a", 0.0) == value


def test_full() -> None:
    store = Store(1000)
    store.set("a", bytes(500), None, 0.0)
    with pytest.raises(StoreFull, match="1 keys"):
        store.set("b", bytes(500), None, 0.0)
    assert store.get("a", 0.0) == bytes(500), "nothing is forgotten for another"
    assert store.get("b", 0.0) is None
    store.set("a", bytes(400), None, 0.0)
    store.delete("a", 0.0)
    store.set("b", bytes(500), None, 0.0)


def test_keys_that_are_set_again_and_again_leave_nothing_behind() -> None:
    store = Store(10**6)
    for number in range(10_000):
        store.set("a", b"j1", number + 100.0, float(number))
    assert len(store._ends) < 3000
