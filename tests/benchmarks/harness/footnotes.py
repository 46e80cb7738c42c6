"""The lines below a table that say what the figures were measured on, and with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def machine(described: Mapping[str, object]) -> str:
    """What `machine.describe` found, on one line."""
    return (
        f"{described['cpu']}, {described['usable_cores']} cores, {described['system']}, "
        f"Python {described['python']}, load {described['load_average']}"
    )


def versions(packages: Mapping[str, str], names: Iterable[str]) -> str:
    """("tornado", "uvicorn")  ->  "tornado 6.5.2, uvicorn 0.38.0"; without what is not there."""
    return ", ".join(
        f"{name} {packages[name]}" for name in dict.fromkeys(names) if name in packages
    )
