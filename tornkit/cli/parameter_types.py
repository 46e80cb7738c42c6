"""Types of the values that options take: a number of workers, a size, an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tornkit.bus_url import BadBusURL, scheme_of

if TYPE_CHECKING:
    _IntegerType = click.ParamType[int]
    _TextType = click.ParamType[str]
else:  # a generic class for type checkers alone, in click 8.2 and 8.3
    _IntegerType = _TextType = click.ParamType


class Workers(_IntegerType):
    """Type of an option: a number of workers, or ``auto`` for that of the usable CPUs."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "auto":
            from tornkit.serve.supervisor.cpus import usable_cpus

            return usable_cpus()
        text = str(value)
        if not text.isdecimal() or int(text) == 0:
            self.fail(
                f"{value!r} is neither a number above 0 nor 'auto' (and APP goes before a bare "
                "--workers)",
                param,
                ctx,
            )
        return int(text)


class Size(_IntegerType):
    """Type of an option: a size in bytes; ``k``, ``M`` and ``G`` are powers of 1024."""

    name = "SIZE"
    _UNITS: Mapping[str, int] = {"k": 1024, "m": 1024**2, "g": 1024**3}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip().lower().removesuffix("b").removesuffix("i")
        unit = self._UNITS.get(text[-1:], 1)
        number = text[:-1] if unit > 1 else text
        if not number.isdecimal() or int(number) == 0:
            self.fail(f"{value!r} is no size; write 1048576, 512k, 100M or 2G", param, ctx)
        return int(number) * unit


class BusURL(_TextType):
    """Type of an option: a broker's URL for `tornkit.bus`; no message shows its password."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        url = str(value).strip()
        try:
            scheme_of(url)
        except BadBusURL as error:
            self.fail(str(error), param, ctx)
        return url


class Address(_TextType):
    """Type of an option: a host name, or an IPv4 or IPv6 address, in brackets, too, as in URLs."""

    name = "ADDRESS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1]
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if "/" in text:
            self.fail(f"{value!r} is no address; write the host alone", param, ctx)
        if text == "*":
            self.fail("'*' is no address; write 0.0.0.0, or :: for IPv6", param, ctx)
        if colon and port.isdecimal() and (":" not in host or f"[{host}]" in text):
            self.fail(f"{value!r}: write --address {host} --port {port}", param, ctx)
        return text
