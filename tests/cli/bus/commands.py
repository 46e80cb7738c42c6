"""Commands of `tornkit bus`, run by tests."""

from __future__ import annotations

from click.testing import CliRunner, Result

from tornkit.cli import tornkit


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(tornkit, ["bus", *arguments], input=given, prog_name="tornkit")
