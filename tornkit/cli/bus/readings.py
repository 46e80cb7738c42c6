"""Readings of a hub: what it says of its channels, and from two of them how fast messages come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tornkit.cli.bus.membership import Membership

_AT_ONCE = 50  # channels of one question, so that the hub goes on with others


class HubReader:
    """Reads one server's hub."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._before: dict[str, Any] | None = None

    def close(self) -> None:
        """Be a member no more."""
        self._membership.close()

    async def read(self, workers: list[dict[str, Any]], most: int | None) -> dict[str, Any]:
        """The hub's numbers, with the ``most`` busiest channels; None: with all.

        ``rate`` of a channel is None in the first reading, and in one of another hub. ``workers``
        are those of `tornkit status`.

        :raises TornkitError: the server has ended.
        :raises BusError: the hub does not answer.
        """
        return await self._membership.run(self._read(workers, most))

    async def _read(self, workers: list[dict[str, Any]], most: int | None) -> dict[str, Any]:
        overview = await self._membership.ask("overview")
        published = overview.pop("published")
        rates = self._rates(overview, published)
        self._before = {**overview, "published": published}
        names = sorted(published, key=lambda name: (-(rates[name] or 0), -published[name], name))
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

    def _rates(
        self, overview: dict[str, Any], published: dict[str, int]
    ) -> dict[str, float | None]:
        before = self._before
        if before is None or before["epoch"] != overview["epoch"]:
            return dict.fromkeys(published)
        seconds = max(overview["now"] - before["now"], 1e-3)
        counts = before["published"]
        # A hub that has forgotten all of a channel begins to count anew.
        return {
            name: max(count - counts.get(name, 0), 0) / seconds for name, count in published.items()
        }
