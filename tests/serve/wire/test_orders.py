"""What workers are told survives its journey as JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from tornkit.appload.target import Kind, Target
from tornkit.serve.config import DEFAULT_ADDRESS, DEFAULT_PORT, HttpOptions, ServeConfig
from tornkit.serve.wire.encoding import decode, encode
from tornkit.serve.wire.messages import Claim, Prepare
from tornkit.serve.wire.orders import Orders, application_claim

APPLICATION = Target(Kind.APPLICATION, "app:make", "/src", "/src", module="app", attribute="make")
PROGRAM = Target(
    Kind.PROGRAM, "main.py", "/src", "/src", path="/src/main.py", arguments=("--debug", "ü")
)
EVERYTHING = ServeConfig(
    workers=3,
    port=0,
    address="::1",
    unix_socket="/run/app.sock",
    access_log=False,
    log_level="debug",
    watch=(Path("/a"),),
    http=HttpOptions(
        xheaders=True,
        trusted_downstream=("10.0.0.1", "10.0.0.2"),
        certfile="/c",
        keyfile="/k",
        max_body_size=5,
    ),
)


@pytest.mark.parametrize("target", [APPLICATION, PROGRAM], ids=["application", "program"])
@pytest.mark.parametrize("config", [ServeConfig(), EVERYTHING], ids=["defaults", "everything"])
def test_round_trip(target: Target, config: ServeConfig) -> None:
    orders = Orders.of(target, config)
    told = decode(encode(orders.message()))
    assert isinstance(told, Prepare)
    assert Orders.told(told) == orders
    assert hash(Orders.told(told)) == hash(orders)


def test_nothing_is_left_out() -> None:
    """Every field that the configuration has too is what it says there."""
    orders = Orders.of(PROGRAM, EVERYTHING)
    assert orders.target is PROGRAM
    for field in fields(Orders):
        if hasattr(EVERYTHING, field.name):
            assert getattr(orders, field.name) == getattr(EVERYTHING, field.name)


def test_reading_leaves_the_message_alone() -> None:
    told = decode(encode(Orders.of(PROGRAM, EVERYTHING).message()))
    assert isinstance(told, Prepare)
    before = json.dumps(told.orders)
    Orders.told(told)
    assert json.dumps(told.orders) == before


def test_claim_of_an_application() -> None:
    assert application_claim(None, None, None) == Claim(
        port=DEFAULT_PORT, address=DEFAULT_ADDRESS, backlog=1024
    )
    assert application_claim(0, "::", None, backlog=5) == Claim(port=0, address="::", backlog=5)
    assert application_claim(9000, "::", "/run/app.sock") == Claim(
        unix_path="/run/app.sock", backlog=1024
    )
