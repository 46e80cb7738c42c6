"""Configuration of a server: what counts as given, and whether the defaults are choices."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tornkit.serve.config import (
    ENGINES,
    LOOPS,
    PRELOAD,
    RELOAD_ORDER,
    HttpOptions,
    RecyclePolicy,
    ServeConfig,
    refused_for_programs,
)


@pytest.mark.parametrize(
    ("policy", "limits"),
    [
        (RecyclePolicy(max_requests=1), True),
        (RecyclePolicy(max_rss=1), True),
        (RecyclePolicy(max_age=0.5), True),
        (RecyclePolicy(jitter=0.5), False),
        (ServeConfig().recycle, False),
    ],
    ids=["requests", "memory", "age", "jitter alone", "default"],
)
def test_a_policy_is_true_if_it_limits_anything(policy: RecyclePolicy, limits: bool) -> None:
    assert bool(policy) is limits


@pytest.mark.parametrize(
    ("http", "unix_socket", "refused"),
    [
        (HttpOptions(), None, []),
        (HttpOptions(xheaders=True), None, ["--xheaders"]),
        (HttpOptions(trusted_downstream=("10.0.0.1",)), None, ["--trusted-downstream"]),
        (HttpOptions(certfile="c", keyfile="k"), None, ["--certfile"]),  # one goes with the other
        (HttpOptions(max_body_size=1), None, ["--max-body-size"]),
        (HttpOptions(), "/run/s", ["--unix-socket"]),
        (
            HttpOptions(xheaders=True, certfile="c"),
            "s",
            ["--xheaders", "--certfile", "--unix-socket"],
        ),
    ],
    ids=["none", "xheaders", "downstream", "certificate", "body", "socket", "three"],
)
def test_options_that_a_program_can_not_obey(
    http: HttpOptions, unix_socket: str | None, refused: list[str]
) -> None:
    assert refused_for_programs(http, unix_socket) == refused


def test_an_option_of_the_server_s_is_never_passed_over_in_silence() -> None:
    """Ask for each option of `HttpOptions`, so that a new one is refused as well, or named here."""
    said_with_another = {"keyfile"}
    for field in fields(HttpOptions):
        given = HttpOptions(**{field.name: "given"})  # type: ignore[arg-type]
        assert bool(refused_for_programs(given, None)) is (field.name not in said_with_another)


def test_defaults_are_among_the_choices() -> None:
    config = ServeConfig()
    assert config.preload in PRELOAD
    assert config.reload_order in RELOAD_ORDER
    assert config.engine in ENGINES
    assert config.loop in LOOPS
