"""The player of pages: what it takes for right, and that it notices what is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import parse
from tests.docs.stories import (
    Mismatch,
    Story,
    commands_of,
    edited,
    ended,
    generalised,
    is_shown,
    normal,
)


def play(folder: Path, text: str) -> None:
    with Story(folder, slow=False) as story:
        story.play(parse(text).blocks)


class TestCommands:
    def test_of_a_console(self) -> None:
        (block,) = parse("```console\n$ a \\\n>  b\nsaid\n\n$ c\n```\n").blocks
        assert commands_of(block) == [("a   b", "said\n\n"), ("c", "")]

    def test_of_what_a_server_prints(self) -> None:
        (block,) = parse("```console\n10:15:20 reloaded\n...\n```\n").blocks
        assert commands_of(block) == [("", "10:15:20 reloaded\n...\n")]

    def test_of_a_script(self) -> None:
        (block,) = parse("```sh\n# a note\na\n\nb --c\n```\n").blocks
        assert commands_of(block) == [("a", ""), ("b --c", "")]


class TestComparison:
    @pytest.mark.parametrize(
        ("shown", "found"),
        [
            ("a\nb\n", "a\nb\n"),
            ("...\nb\n", "a\nb\n"),
            ("a\n...\n", "a\nb\n"),
            ("a\n...\nb\n", "a\nb\n"),
            ("a  b\n", "a b  \n\n"),
            ("in 0.1s\n", "in 12.34s\n"),
        ],
    )
    def test_alike(self, shown: str, found: str) -> None:
        assert is_shown(normal(shown), normal(found))

    @pytest.mark.parametrize(
        ("shown", "found"),
        [("a\n", "a\nb\n"), ("a\nb\n", "a\n"), ("...\nb\n", "b\nc\n"), ("a 1\n", "a 2\n")],
    )
    def test_not_alike(self, shown: str, found: str) -> None:
        assert not is_shown(normal(shown), normal(found))

    def test_any_number_where_numbers_vary(self) -> None:
        assert normal("a 1\n", any_number=True) == normal("a 23.5\n", any_number=True)

    def test_lines_of_a_log(self) -> None:
        assert generalised("10:15:20  in 10 ms") == generalised("00:00:01 in 7 ms")


class TestEdit:
    def test_is_done(self) -> None:
        assert edited("a\nb\nc\n", " a\n-b\n+B\n+D\n") == "a\nB\nD\nc\n"

    def test_of_lines_that_are_not_there_once(self) -> None:
        with pytest.raises(Mismatch, match="stand there 0 times"):
            edited("a\n", "-b\n+c\n")
        with pytest.raises(Mismatch, match="stand there 2 times"):
            edited("a\na\n", "-a\n+c\n")


class TestStory:
    def test_goes_on_from_command_to_command(self, tmp_path: Path) -> None:
        play(
            tmp_path,
            "<!-- file: sub/a.txt -->\n```text\nhere\n```\n"
            "```sh\ncd sub\nexport WORD=said\n```\n"
            "```console\n$ cat a.txt; echo $WORD\nhere\nsaid\n$ pwd\n/home/me/sub\n```\n"
            "<!-- edit: a.txt -->\n```diff\n-here\n+there\n```\n"
            "```console\n$ cat a.txt\nthere\n```\n",
        )

    @pytest.mark.parametrize(
        "text",
        [
            "```console\n$ echo a\nb\n```\n",
            "```sh\nfalse\n```\n",
            "<!-- exit: 1 -->\n```sh\ntrue\n```\n",
            "```console\nreloaded\n```\n",
        ],
    )
    def test_notices(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(Mismatch, match=r"^line \d"):
            play(tmp_path, text)

    def test_leaves_out_what_is_slow_or_only_shown(self, tmp_path: Path) -> None:
        play(tmp_path, "<!-- slow -->\n```sh\nfalse\n```\n<!-- shown: why -->\n```sh\nfalse\n```\n")

    def test_does_not_wait_for_what_goes_on(self, tmp_path: Path) -> None:
        play(
            tmp_path,
            "```sh\nmkfifo pipe\n(read word < pipe; echo $word > told) &\n```\n"
            "```sh\necho hello > pipe\n```\n"
            "```console\n$ while ! grep . told 2>/dev/null; do sleep 0.01; done\nhello\n```\n",
        )

    def test_ends_its_server(self, tmp_path: Path) -> None:
        play(
            tmp_path,
            "<!-- file: server.sh -->\n```sh\n"
            "trap 'touch ended; exit 0' INT\necho ready 1\nwhile :; do sleep 0.01; done\n```\n"
            "<!-- server -->\n```console\n$ bash server.sh\nready 2\n```\n",
        )
        assert (tmp_path / "home" / "ended").exists()


def test_kills_with_its_children_what_does_not_end() -> None:
    process = subprocess.Popen(
        ["bash", "-c", "sleep 600 & echo started; wait"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"started\n"
        assert ended(process, 0) is None
        assert process.stdout.read() == b""  # the end: no process has it open
