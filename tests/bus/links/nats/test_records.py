"""Records: what is read and written of a subject, and a stream that is made when it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.bus.nats_by_hand import HandNats, status, stored, turns
from tornkit.bus.errors import StoreFull, Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.records import NatsRecords
from tornkit.bus.links.nats.wire import JetStreamRefusal

CREATE = "STREAM.CREATE.p-store"
READ = "DIRECT.GET.p-store.p.s.a"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
END = status(wire.END)
GONE = stored("p.s.a", 8, b"", "Tornkit-Gone: 1")


def played(
    test: Callable[[NatsRecords, HandNats], Awaitable[Any]], *answers: Any, is_there: bool = True
) -> HandNats:
    """Run a test with records, of a stream that is there; return what was asked."""

    async def main() -> HandNats:
        nats = HandNats(*answers)
        records = NatsRecords(nats, "p-store", ["p.s.*"], 5000)
        records.is_there = is_there
        await test(records, nats)
        assert not nats.answers, "it asked for less"
        return nats

    return asyncio.run(main())


class TestMaking:
    def test_is_done_once_for_all_who_wait(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            await asyncio.gather(records.read("p.s.a"), records.make(), records.read("p.s.a"))

        nats = played(test, {}, status(wire.NONE), status(wire.NONE), is_there=False)
        assert nats.subjects() == [CREATE, READ, READ]

    def test_that_fails_fails_all_who_wait_and_is_tried_again(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            made = await asyncio.gather(records.make(), records.make(), return_exceptions=True)
            assert [type(each) for each in made] == [JetStreamRefusal] * 2
            assert not records.is_there
            await records.make()
            assert records.is_there

        assert played(test, 10023, {}, is_there=False).subjects() == [CREATE, CREATE]

    def test_goes_on_for_others_where_one_is_cancelled(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            one, other = [asyncio.create_task(records.make()) for _ in range(2)]
            await turns()
            one.cancel()
            await turns()
            nats.answered(1, wire.NatsReply(200, b"", b"{}"))
            await other
            assert one.cancelled()

        played(test, None, is_there=False)

    def test_is_needed_again_where_the_connection_was_lost(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            records.lost()
            await records.read_all("p.s.*")

        assert played(test, {}, END).subjects() == [CREATE, "DIRECT.GET.p-store"]

    def test_with_a_connection_is_urgent(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            await records.set_up()
            await records.make()

        (asked,) = played(test, {}, is_there=False).asked
        assert asked.is_urgent


class TestReading:
    def test_a_record(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            found = await records.read("p.s.a")
            assert found.message is not None
            assert (found.sequence, found.message.data) == (7, b"Tornkit-Gone: 1")

        nats = played(test, stored("p.s.a", 7, b"Tornkit-Gone: 1"))
        assert nats.subjects() == [READ]

    def test_where_there_is_none(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            assert await records.read("p.s.a") == (0, None)

        played(test, status(wire.NONE))

    def test_where_it_was_deleted_its_place_is_known(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            assert await records.read("p.s.a") == (8, None)

        played(test, GONE)

    @pytest.mark.parametrize("number", [wire.NOBODY, 408])
    def test_of_a_stream_that_has_gone_makes_it_again(self, number: int) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            with pytest.raises(Unavailable, match=f"not there any more: status {number}"):
                await records.read("p.s.a")
            assert await records.read("p.s.a") == (0, None)

        nats = played(test, status(number), {}, status(wire.NONE))
        assert nats.subjects() == [READ, CREATE, READ]

    def test_all_of_them_but_those_that_were_deleted(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            found = await records.read_all("p.s.*")
            assert [each.sequence for each in found] == [7, 9]

        (asked,) = played(test, [stored("p.s.b", 7), GONE, stored("p.s.c", 9), END]).asked
        assert (asked.content["next_by_subj"], asked.content["seq"]) == ("p.s.*", 1)


class TestWriting:
    @pytest.mark.parametrize(
        ("seen", "more"), [(None, {}), (0, {EXPECTED: "0"}), (7, {EXPECTED: "7"})]
    )
    def test_only_what_was_seen_is_replaced(self, seen: int | None, more: dict[str, str]) -> None:
        headers = {"Nats-TTL": "5s"}

        async def test(records: NatsRecords, nats: HandNats) -> None:
            assert await records.write("p.s.a", b"1", headers, seen) == 8

        (asked,) = played(test, {"stream": "p-store", "seq": 8}).asked
        assert asked == ("p.s.a", b"1", {**headers, **more}, False)
        assert headers == {"Nats-TTL": "5s"}, "it is the caller's"

    def test_what_another_was_quicker_to_write_stays(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            assert await records.write("p.s.a", b"1", {}, 7) is None

        played(test, wire.WRONG_LAST)

    @pytest.mark.parametrize("code", [10077, 10047, 10023, 10002])
    def test_where_there_is_no_room(self, code: int) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            with pytest.raises(StoreFull, match=f"the store is full: NATS refuses: no {code}"):
                await records.write("p.s.a", b"1", {}, None)
            assert records.is_there

        played(test, code)

    def test_another_refusal_is_told(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            with pytest.raises(JetStreamRefusal, match="no 10054"):
                await records.write("p.s.a", b"1", {}, None)

        played(test, 10054)

    def test_where_nobody_takes_it_the_stream_is_made_again(self) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            with pytest.raises(Unavailable, match="not there any more"):
                await records.write("p.s.a", b"1", {}, None)
            assert await records.write("p.s.a", b"1", {}, None) == 1

        nats = played(test, status(wire.NOBODY), {}, {"seq": 1}, is_there=True)
        assert nats.subjects() == ["p.s.a", CREATE, "p.s.a"]

    @pytest.mark.parametrize(("answer", "is_done"), [({"seq": 9}, True), (wire.WRONG_LAST, False)])
    def test_a_deleted_one_leaves_a_mark_for_a_while(self, answer: Any, is_done: bool) -> None:
        async def test(records: NatsRecords, nats: HandNats) -> None:
            assert await records.delete("p.s.a", 7) is is_done

        (asked,) = played(test, answer).asked
        gone = {"Nats-TTL": "1s", "Tornkit-Gone": "1", EXPECTED: "7"}
        assert asked == ("p.s.a", b"", gone, False)
