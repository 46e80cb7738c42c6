"""``[tool.tornkit]``: which file counts, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tornkit.errors import UsageError
from tornkit.pyproject import find_pyproject, project_version, read_tool_table


class TestFind:
    def test_here_before_above(self, tmp_path: Path) -> None:
        inner = tmp_path / "a" / "b"
        inner.mkdir(parents=True)
        (tmp_path / "pyproject.toml").touch()
        assert find_pyproject(inner) == tmp_path / "pyproject.toml"
        (inner / "pyproject.toml").touch()
        assert find_pyproject(inner) == inner / "pyproject.toml"

    def test_folder_of_that_name_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "pyproject.toml").mkdir(parents=True)
        (tmp_path / "pyproject.toml").touch()
        assert find_pyproject(tmp_path / "a") == tmp_path / "pyproject.toml"

    def test_none_up_to_the_root(self) -> None:
        assert find_pyproject(Path("/")) is None


class TestRead:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "pyproject.toml"

    def test_table(self, file: Path) -> None:
        file.write_text('[tool.tornkit]\napp = "é.py"\n[tool.tornkit.serve]\nport = 1\n', "utf-8")
        assert read_tool_table(file) == {"app": "é.py", "serve": {"port": 1}}

    @pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1", "tool = 1", "[project]\n"])
    def test_no_table(self, file: Path, text: str) -> None:
        file.write_text(text)
        assert read_tool_table(file) == {}

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"[tool", "is not valid TOML: "),
            (b"x = '\xff'", "can't be read: "),
            (b"[tool]\ntornkit = 1", "[tool.tornkit] has to be a table"),
            (b"[[tool.tornkit]]", "[tool.tornkit] has to be a table"),
        ],
    )
    def test_what_is_wrong_in_one_line(self, file: Path, content: bytes, says: str) -> None:
        file.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            read_tool_table(file)
        message = str(caught.value)
        assert message.startswith(str(file))
        assert says in message
        assert "\n" not in message

    def test_unreadable(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="can't be read"):
            read_tool_table(tmp_path)


class TestTheProjectsVersion:
    def test_of_the_nearest_file(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text("[project]\nversion = '1.2'\n")
        (tmp_path / "a" / "b").mkdir(parents=True)
        assert project_version(tmp_path / "a" / "b") == "1.2"
        (tmp_path / "a" / "pyproject.toml").write_text("[project]\ndynamic = ['version']\n")
        assert project_version(tmp_path / "a" / "b") is None

    @pytest.mark.parametrize("text", ["", "[project", "project = 1", "[project]\nversion = 1"])
    def test_nobody_says_it(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "pyproject.toml").write_text(text)
        assert project_version(tmp_path) is None
