"""Readings of a hub: what it says of its channels, and from two of them how fast messages come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornkit.bus.errors import Unavailable

if TYPE_CHECKING:
    from tornkit.cli.bus.membership import Membership

_AT_ONCE = 50  # channels of one question, so that the hub goes on with others


class HubReader:
    """Reads the numbers of one server's hub, and works out the rates of its channels."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._epoch = ""
        # By channel: how many messages it has had, and when that was.
        self._before: dict[str, tuple[int, float]] = {}
        self._read_at = self._last_read_at = 0.0

    def close(self) -> None:
        """Close the connection to the hub."""
        self._membership.close()

    async def read(self, workers: list[dict[str, Any]], most: int | None) -> dict[str, Any]:
        """Read the hub's numbers, with the ``most`` busiest channels; None: with all.

        ``rate`` of a channel is None in the first reading, and in one of another hub. ``workers``
        are those of `tornkit status`.

        :raises ServerEnded: the server has ended.
        :raises BusError: the hub does not answer.
        """
        try:
            return await self._membership.run(self._read(workers, most))
        except Unavailable:  # it has ended in the middle of it, say; there will be another
            return await self._membership.run(self._read(workers, most))

    async def _read(self, workers: list[dict[str, Any]], most: int | None) -> dict[str, Any]:
        overview = await self._membership.ask("overview")
        published = await self._published()
        rates = self._rates(overview["epoch"], published)
        self._epoch, self._before = overview["epoch"], published
        names = sorted(published, key=lambda name: (-(rates[name] or 0), -published[name][0], name))
        channels: list[dict[str, Any]] = []
        shown = names if most is None else names[: max(most, 1)]
        for at in range(0, len(shown), _AT_ONCE):
            channels += await self._membership.ask("channels", shown[at : at + _AT_ONCE])
        for each in channels:
            each["rate"] = rates[each["name"]]
        slots = {each["pid"]: each["slot"] + 1 for each in workers}
        for each in overview["members"]:
            each["worker"] = slots.get(each["pid"])
        known = [rate for rate in rates.values() if rate is not None]
        total = sum(known) if known or not rates else None
        return {**overview, "rate": total, "channel_count": len(names), "channels": channels}

    async def _published(self) -> dict[str, tuple[int, float]]:
        found: dict[str, tuple[int, float]] = {}
        self._last_read_at = self._read_at
        begin: int | None = 0
        while begin is not None:
            some = await self._membership.ask("published", begin)
            found.update((name, (count, some["now"])) for name, count in some["published"].items())
            begin, self._read_at = some["next"], some["now"]
        return found

    def _rates(
        self, epoch: str, published: dict[str, tuple[int, float]]
    ) -> dict[str, float | None]:
        if epoch != self._epoch:
            return dict.fromkeys(published)
        rates: dict[str, float | None] = {}
        for name, (count, now) in published.items():
            # Of one that is new we know that it had none at the reading before.
            before, then = self._before.get(name, (0, self._last_read_at))
            # A hub that has forgotten all of a channel begins to count anew.
            rates[name] = max(count - before, 0) / max(now - then, 1e-3)
        return rates
