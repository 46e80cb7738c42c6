from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from tornkit.cli.parameter_types import Size
from tornkit.errors import UsageError
from tornkit.testing.settings import ServingSettings, serving_settings


def read(project: Path, text: str) -> ServingSettings:
    (project / "pyproject.toml").write_text(f"[tool.tornkit.serve]\n{text}\n")
    return serving_settings(project)


def test_none_are_the_defaults(tmp_path: Path) -> None:
    usual = ServingSettings("tornkit", "asyncio", True, {"xheaders": False})
    assert serving_settings(tmp_path) == usual
    assert read(tmp_path, "workers = 4\nport = 80") == usual


def test_those_that_change_answers_are_taken(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        engine = "tornado"
        loop = "uvloop"
        speedups = false
        xheaders = true
        trusted-downstream = ["10.0.0.1"]
        max-body-size = "20M"
        """,
    )
    assert (found.engine, found.loop, found.speedups) == ("tornado", "uvloop", False)
    assert found.arguments == {
        "xheaders": True,
        "trusted_downstream": ["10.0.0.1"],
        "max_body_size": 20 * 1024**2,
    }
    one = read(tmp_path, 'trusted_downstream = "10.0.0.1"')
    assert one.arguments["trusted_downstream"] == ["10.0.0.1"]


@pytest.mark.parametrize("size", [5, "512k", "100M", "2G", "1MB", "1MiB", "many", "0", -1, "1.5M"])
def test_sizes_are_those_of_the_command_line(tmp_path: Path, size: Any) -> None:
    text = f"max_body_size = {size!r}"
    try:
        wanted = Size().convert(size, None, None)
    except click.BadParameter:
        with pytest.raises(UsageError, match="max_body_size has to be a size"):
            read(tmp_path, text)
    else:
        assert read(tmp_path, text).arguments["max_body_size"] == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('engine = "other"', "engine has to be tornkit or tornado"),
        ('loop = "other"', "loop has to be asyncio or uvloop"),
        ("speedups = 1", "speedups has to be true or false"),
        ('xheaders = "yes"', "xheaders has to be true or false"),
    ],
)
def test_values_without_a_sense_are_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(tmp_path, text)


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tornkit]\nserve = 3\n")
    with pytest.raises(UsageError, match="has to be a table"):
        serving_settings(tmp_path)
