"""Tests of the calls that a replacement of ``reverse_url`` answers, and of dynamic uses."""

from __future__ import annotations

import pytest

from tornkit.routing.model import Source
from tornkit.routing.references.model import Forwards, Receiver, References, Replacement, Use

HERE = Source("/app.py", 1)


def use(asked: Receiver, within: str | None = None) -> Use:
    return Use(HERE, asked, ("home",), 0, within=within)


class TestReplacement:
    @pytest.mark.parametrize("asked", Receiver)
    def test_it_answers_for_whom_it_says(self, asked: Receiver) -> None:
        everybody = Replacement(None, "f", asked=frozenset(Receiver))
        others = Replacement(None, "f", asked=frozenset(Receiver) - {asked})
        assert everybody.answers(use(asked))
        assert not others.answers(use(asked))

    def test_in_methods_of_its_classes_it_is_what_self_has(self) -> None:
        links = Replacement(HERE, "Links.reverse_url", classes=frozenset({"Links", "Page"}))
        assert links.answers(use(Receiver.SELF, "Page"))
        assert not links.answers(use(Receiver.SELF, "Stranger"))
        assert not links.answers(use(Receiver.SELF))  # in no class

    @pytest.mark.parametrize("asked", [each for each in Receiver if each is not Receiver.SELF])
    def test_another_thing_asked_there_is_another_things(self, asked: Receiver) -> None:
        links = Replacement(HERE, "Links.reverse_url", classes=frozenset({"Page"}))
        assert not links.answers(use(asked, "Page"))

    def test_it_hands_on_nothing_unless_it_is_known_to(self) -> None:
        assert Replacement(None, "f").forwards is Forwards.NOTHING
        assert Forwards.NOTHING < Forwards.NAME < Forwards.ALL


def test_uses_without_a_name_are_dynamic() -> None:
    uses = (use(Receiver.SELF), Use(HERE, Receiver.SELF), Use(HERE, Receiver.SELF, (), 1))
    assert References(uses).dynamic == 2
    assert References().dynamic == 0
