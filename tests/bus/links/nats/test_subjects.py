"""Subjects of a bus: which name is which token, and what no other subject is taken for."""

from __future__ import annotations

import pytest

from tornkit.bus.links.nats.subjects import NatsSubjects, digest_of, name_of, token_of

SUBJECTS = NatsSubjects("p")


def fits(pattern: str, subject: str) -> bool:
    """Whether NATS has a subject under a pattern of which each ``*`` is one token."""
    parts, tokens = pattern.split("."), subject.split(".")
    return len(parts) == len(tokens) and all(
        part in ("*", token) for part, token in zip(parts, tokens, strict=True)
    )


@pytest.mark.parametrize("name", ["room:1", "a.b", ">", "x y", "%2E", "é", "🙂", "$JS", "a/b@c"])
def test_a_name_is_one_token(name: str) -> None:
    token = token_of(name)
    assert name_of(token) == name
    assert token.isascii()
    assert not set(token) & set(". *>\t")
    assert SUBJECTS.read_live(f"p.live.m.{token}") == ("m", name)
    assert SUBJECTS.channel_of_person(SUBJECTS.person(name, "anybody")) == name
    assert SUBJECTS.channel(SUBJECTS.published(name)) == name


def test_what_is_plain_can_be_read() -> None:
    assert token_of("room:1/a-b_c@d+e,f~g") == "room:1/a-b_c@d+e,f~g"
    assert (token_of("a.b"), token_of("a b*")) == ("a%2Eb", "a%20b%2A")


def test_a_digest_is_of_any_text() -> None:
    texts = ["", "a", "a.b", "A", "\ud800", "x" * 10_000]
    digests = {digest_of(each) for each in texts}
    assert len(digests) == len(texts)
    assert all(len(each) == 32 and each.isalnum() for each in digests)


def test_messages_and_who_comes_and_goes_have_subjects_of_their_own() -> None:
    assert SUBJECTS.published("a.b") == "p.m.a%2Eb"
    assert SUBJECTS.published("a", "join") == SUBJECTS.published("a", "leave") == "p.e.a"


def test_each_subject_has_one_pattern() -> None:
    subjects = {
        SUBJECTS.published("a.b"): SUBJECTS.all_messages,
        SUBJECTS.published("a.b", "join"): SUBJECTS.all_events,
        SUBJECTS.checkpoint("l1"): SUBJECTS.all_checkpoints,
        SUBJECTS.person("a.b", "ann.x"): SUBJECTS.everyone,
        SUBJECTS.alive("l1"): SUBJECTS.all_links,
        SUBJECTS.keeper: SUBJECTS.all_claims,
        SUBJECTS.maker: SUBJECTS.all_claims,
        SUBJECTS.value("k.1"): SUBJECTS.all_values,
    }
    for subject, pattern in subjects.items():
        assert {each for each in subjects.values() if fits(each, subject)} == {pattern}
    assert SUBJECTS.keeper != SUBJECTS.maker


def test_a_channels_people_are_of_no_other_channel() -> None:
    ann = SUBJECTS.person("a.b", "ann")
    assert fits(SUBJECTS.everyone_in("a.b"), ann)
    assert not fits(SUBJECTS.everyone_in("a"), ann)
    assert len(SUBJECTS.person("a.b", "x" * 10_000)) == len(ann)
    assert len({ann, SUBJECTS.person("a.b", "bob"), SUBJECTS.person("a", "ann")}) == 3


class TestLive:
    @staticmethod
    def republished(subject: str) -> str:
        """What the server makes of a stored message's subject."""
        source, destination = SUBJECTS.republished
        assert fits(source, subject)
        for number, token in enumerate(subject.split(".")[1:], 1):
            destination = destination.replace(f"{{{{wildcard({number})}}}}", token)
        return destination

    @pytest.mark.parametrize(("event", "kind"), [("message", "m"), ("join", "e"), ("leave", "e")])
    def test_what_is_published_is_heard(self, event: str, kind: str) -> None:
        subject = self.republished(SUBJECTS.published("a.b", event))  # type: ignore[arg-type]
        assert SUBJECTS.read_live(subject) == (kind, "a.b")
        assert [fits(each, subject) for each in SUBJECTS.live("a.b")] == [True]
        assert [fits(each, subject) for each in SUBJECTS.live("a")] == [False]
        assert sum(fits(each, subject) for each in SUBJECTS.live_of_all) == 1

    def test_a_checkpoint_is_heard_by_its_link_alone(self) -> None:
        subject = self.republished(SUBJECTS.checkpoint("l1"))
        assert subject == SUBJECTS.live_checkpoints("l1") != SUBJECTS.live_checkpoints("l2")
        assert SUBJECTS.read_live(subject) == ("b", "l1")
        assert not any(fits(each, subject) for each in SUBJECTS.live_of_all)

    def test_it_is_not_published_once_more(self) -> None:
        subject = self.republished(SUBJECTS.published("a"))
        kept = (SUBJECTS.all_messages, SUBJECTS.everyone, SUBJECTS.republished[0])
        assert not any(fits(each, subject) for each in kept)


def test_streams_are_named_for_the_prefix() -> None:
    names = {SUBJECTS.presence_stream, SUBJECTS.store_stream}
    assert names == {"p-presence", "p-store"}
    assert NatsSubjects("q").presence_stream == "q-presence"
