"""An attribute that is made when it is first read is from then on one like any other."""

from __future__ import annotations

from typing import Any

import pytest

from tornkit.engine.lazily import WhenRead


class Costly:
    """Notes when its costly attribute is made."""

    def __init__(self) -> None:
        self.made = 0
        self.usual = "usual"

    def _make(self) -> None:
        self.made += 1
        self.costly = ["made", self.made]

    costly: Any = WhenRead(_make)


class Eager:
    """Has no such attribute before an instance sets it, as Tornado's classes do."""

    def __init__(self) -> None:
        self.costly = ["made", 1]


def test_it_is_made_once_and_is_then_in_the_instance_itself() -> None:
    one = Costly()
    assert "costly" not in vars(one)
    first = one.costly
    assert first == ["made", 1]
    assert one.costly is first
    assert vars(one)["costly"] is first
    assert one.made == 1


def test_each_instance_has_its_own() -> None:
    one, other = Costly(), Costly()
    assert one.costly is not other.costly
    assert (one.made, other.made) == (1, 1)


def test_one_that_was_set_first_is_never_made() -> None:
    one = Costly()
    one.costly = "set"
    assert one.costly == "set"
    assert one.made == 0


def test_one_that_was_deleted_is_made_anew() -> None:
    one = Costly()
    assert one.costly == ["made", 1]
    del one.costly
    assert one.costly == ["made", 2]


def test_other_attributes_make_nothing() -> None:
    one = Costly()
    assert one.usual == "usual"
    assert not hasattr(one, "missing")
    assert one.made == 0


def test_an_error_of_the_maker_is_the_reader_s_and_the_next_one_tries_again() -> None:
    class Failing:
        tries = 0

        costly: Any = WhenRead(lambda self: self._make())

        def _make(self) -> None:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("malformed")
            self.costly = self.tries

    one = Failing()
    with pytest.raises(ValueError, match="malformed"):
        _ = one.costly
    assert one.costly == 2


def test_a_subclass_has_it_too() -> None:
    class Heir(Costly):
        pass

    assert Heir().costly == ["made", 1]


def test_the_class_says_that_it_has_none_as_any_class_would() -> None:
    said = []
    for kind in (Eager, Costly):
        assert not hasattr(kind, "costly")
        with pytest.raises(AttributeError) as refused:
            getattr(kind, "costly")  # noqa: B009 - of instances alone, as the types see it
        said.append(str(refused.value).replace(kind.__name__, "Class"))
    assert said[0] == said[1]
