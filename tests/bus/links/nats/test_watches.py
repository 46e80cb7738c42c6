"""What is heard of each watched name: what is missing of it, and where nothing has come."""

from __future__ import annotations

import pytest

from tornkit.bus.links.nats import watches as watches_module
from tornkit.bus.links.nats.watches import Watches


def made(*names: str) -> Watches:
    """Watches that hear these names from behind 10 on."""
    watches = Watches()
    watches.begin("e")
    for name in names:
        watches.add(name)
    watches.confirm(watches.unconfirmed(), "e", 10)
    return watches


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches_module, "_MOST", 2)


class TestNames:
    def test_each_is_watched_once_and_then_no_more(self) -> None:
        watches = made("a", "b*", "a")
        assert watches.names() == ["a", "b*"]
        watches.remove("a")
        watches.remove("never watched")
        assert watches.names() == ["b*"]

    def test_one_that_is_added_again_is_heard_still(self) -> None:
        watches = made("a")
        watches.add("a")
        assert watches.unconfirmed() == []
        watches.remove("a")
        watches.add("a")
        assert [each.name for each in watches.unconfirmed()] == ["a"]

    def test_patterns_among_them(self) -> None:
        watches = made("a", "b*")
        assert watches.has_patterns
        watches.remove("b*")
        assert not watches.has_patterns

    def test_a_channel_is_heard_by_its_name_or_by_a_pattern(self) -> None:
        watches = made("a", "b*")
        heard = ["a", "b", "bb"]
        assert [each for each in ("a", "aa", "b", "bb", "cb") if watches.is_heard(each)] == heard
        watches.add("cb")
        assert watches.is_heard("cb")
        assert watches.is_heard("bb")
        watches.remove("b*")
        assert not watches.is_heard("bb")

    def test_what_comes_of_a_channel_has_come_of_its_pattern(self) -> None:
        watches = made("a*")
        watches.hear("ab", 20, 0)
        assert watches.quiet_until("a*", "e", 15, 30) == 15

    @pytest.mark.usefixtures("_few")
    def test_of_many_channels_no_answer_is_wrong(self) -> None:
        watches = made("a*")
        channels = [f"{letter}{number}" for number in range(5) for letter in "ab"]
        for _ in range(2):
            assert [each for each in channels if watches.is_heard(each)] == channels[::2]
        assert len(watches._audiences) <= 3


class TestConfirming:
    def test_what_is_heard_already_keeps_its_place(self) -> None:
        watches = Watches()
        watches.add("a")
        asked = watches.unconfirmed()
        watches.confirm(asked, "e", 10)
        watches.confirm(asked, "e", 20)  # of a later checkpoint, asked for before the first came
        assert watches.quiet_until("a", "e", 10, 30) == 30
        assert watches.quiet_until("a", "e", 9, 30) == 9

    def test_what_was_removed_meanwhile_is_another_name(self) -> None:
        watches = Watches()
        watches.add("a")
        asked = watches.unconfirmed()
        watches.remove("a")
        watches.add("a")
        watches.confirm(asked, "e", 10)
        assert [each.name for each in watches.unconfirmed()] == ["a"]

    def test_a_lost_connection_hears_no_name(self) -> None:
        watches = made("a", "b*")
        watches.lost()
        assert [each.name for each in watches.unconfirmed()] == ["a", "b*"]


def test_only_another_epoch_begins_at_nothing() -> None:
    watches = made("a")
    watches.newest = 40
    watches.begin("e")
    assert (watches.epoch, watches.newest) == ("e", 40)
    watches.begin("f")
    assert (watches.epoch, watches.newest) == ("f", 0)


class TestMissing:
    def test_a_message_that_is_missing_is_noticed_once(self) -> None:
        watches = made("a", "b*")
        assert not watches.hear("a", 12, 9)  # that one came before
        assert not watches.hear("a", 13, 12)
        assert watches.hear("a", 15, 14)
        assert not watches.hear("a", 16, 15)
        assert watches.hear("bb", 18, 17)
        assert not watches.hear("bc", 19, 0)

    @pytest.mark.parametrize(("before", "is_hole"), [(10, False), (11, True)])
    def test_what_came_up_to_the_place_of_hearing_is_not(self, before: int, is_hole: bool) -> None:
        assert made("a").hear("a", 12, before) is is_hole

    def test_of_one_that_is_not_known_to_be_heard_nothing_is_missing(self) -> None:
        watches = Watches()
        watches.begin("e")
        watches.add("a")
        assert not watches.hear("a", 15, 14)

    def test_who_has_heard_longest_decides(self) -> None:
        watches = made("a*")
        watches.add("ab")
        assert watches.hear("ab", 15, 14)  # its name is not confirmed, but the pattern is
        watches.confirm(watches.unconfirmed(), "e", 20)
        assert watches.hear("ab", 19, 18)

    def test_nothing_is_missing_of_the_connection_before(self) -> None:
        watches = made("a")
        watches.hear("a", 50, 0)
        watches.lost()
        watches.begin("f")
        watches.confirm(watches.unconfirmed(), "f", 3)
        assert watches.quiet_until("a", "f", 3, 6) == 6  # 50 was of another stream
        assert watches.hear("a", 6, 5)

    @pytest.mark.usefixtures("_few")
    def test_of_many_channels_older_ones_are_forgotten(self) -> None:
        watches = made("*")
        for sequence, channel in ((11, "a"), (12, "b"), (13, "c")):
            watches.hear(channel, sequence, 0)
        assert not watches.hear("a", 15, 11)  # all are known, as many as there are names more
        watches.hear("d", 16, 0)
        assert not watches.hear("a", 18, 16)  # that was before all was forgotten, and is not told
        assert watches.hear("b", 20, 17)

    @pytest.mark.usefixtures("_few")
    def test_what_was_forgotten_was_of_that_connection(self) -> None:
        watches = made("*")
        for sequence, channel in ((91, "a"), (92, "b"), (93, "c"), (94, "d")):
            watches.hear(channel, sequence, 0)
        watches.lost()
        watches.confirm(watches.unconfirmed(), "f", 3)
        assert watches.hear("a", 6, 5)


class TestQuiet:
    def test_where_nothing_came_that_is_known(self) -> None:
        watches = made("a", "b")
        watches.hear("b", 30, 0)
        watches.newest = 40
        assert watches.quiet_until("a", "e", 20, 40) == 40
        assert watches.quiet_until("b", "e", 20, 40) == 20  # something did
        assert watches.quiet_until("b", "e", 30, 40) == 40
        assert watches.quiet_until("a", "e", 9, 40) == 9  # it was not heard yet
        assert watches.quiet_until("a", "of another time", 20, 40) == 20
        assert watches.quiet_until("c", "e", 20, 40) == 20

    def test_and_of_the_connection_before(self) -> None:
        watches = made("a")
        watches.newest = 40
        watches.lost()
        assert watches.quiet_until("a", "e", 20, 99) == 40
        watches.confirm(watches.unconfirmed(), "e", 60)
        assert watches.quiet_until("a", "e", 20, 99) == 40  # between them it is not known
        watches.learn("a", "e", 40, 0)  # until that was read
        assert watches.quiet_until("a", "e", 20, 99) == 99

    def test_a_connection_that_was_lost_before_it_heard_hides_none(self) -> None:
        watches = made("a")
        watches.newest = 40
        watches.lost()
        watches.newest = 70
        watches.lost()
        assert watches.quiet_until("a", "e", 20, 99) == 40

    def test_what_came_before_the_connection_was_lost_is_known_still(self) -> None:
        watches = made("a")
        watches.hear("a", 30, 0)
        watches.newest = 40
        watches.lost()
        watches.confirm(watches.unconfirmed(), "e", 40)
        assert watches.quiet_until("a", "e", 29, 99) == 29
        assert watches.quiet_until("a", "e", 30, 99) == 99

    def test_it_never_goes_back(self) -> None:
        watches = made("a")
        watches.newest = 40
        watches.lost()
        assert watches.quiet_until("a", "e", 50, 99) == 50


class TestLearning:
    def test_reaches_further_back_and_never_forward(self) -> None:
        watches = made("a")
        watches.learn("a", "e", 20, 0)
        assert watches.quiet_until("a", "e", 10, 40) == 40
        watches.learn("a", "e", 5, 0)
        assert watches.quiet_until("a", "e", 5, 40) == 40

    def test_knows_the_newest_that_was_read_or_heard(self) -> None:
        watches = made("a")
        watches.learn("a", "e", 5, 8)
        assert watches.quiet_until("a", "e", 7, 40) == 7
        watches.hear("a", 20, 8)
        watches.learn("a", "e", 5, 8)
        assert watches.quiet_until("a", "e", 19, 40) == 19

    @pytest.mark.parametrize(("name", "epoch"), [("b", "e"), ("a", "f"), ("c", "e")])
    def test_of_what_is_not_heard_nothing_is_learnt(self, name: str, epoch: str) -> None:
        watches = made("a")
        watches.add("b")
        watches.learn(name, epoch, 5, 0)
        watches.confirm(watches.unconfirmed(), "e", 10)
        assert watches.quiet_until("a", "e", 5, 40) == 5
        assert watches.quiet_until("b", "e", 5, 40) == 5

    def test_nor_while_the_connection_is_lost(self) -> None:
        watches = made("a")
        watches.lost()
        watches.learn("a", "e", 5, 60)
        watches.confirm(watches.unconfirmed(), "e", 40)
        assert watches.quiet_until("a", "e", 45, 99) == 99
