"""A request to fork that is not waited for any more."""

from __future__ import annotations

from unittest.mock import Mock

from tornkit.serve.nursery.zygote_handle import ForkRequest


def test_a_request_that_is_dropped_holds_nothing() -> None:
    channels = [Mock(), Mock()]
    deadline = Mock()
    request = ForkRequest(2, {}, Mock(), channels=list(channels), deadline=deadline)
    request.drop()
    request.drop()
    for channel in channels:
        channel.close.assert_called_once_with()
    assert request.channels == []
    assert deadline.cancel.called


def test_channels_that_were_given_away_stay_open() -> None:
    """Channels belong to the workers once these are born; the request is dropped behind them."""
    channel = Mock()
    request = ForkRequest(1, {}, Mock(), channels=[channel])
    born, request.channels = request.channels, []
    request.drop()
    assert born == [channel]
    channel.close.assert_not_called()


def test_requests_are_told_apart_by_identity() -> None:
    """Requests with equal contents are two."""
    one, other = (ForkRequest(1, {}, print) for _ in range(2))
    assert one != other
