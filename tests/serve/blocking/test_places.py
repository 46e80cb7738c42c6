"""The user's line among the frames of a loop that stands, and its name."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import subprocess
from pathlib import Path

import pytest
import tornado.ioloop
import tornado.web

from tornkit.own_frames import FOLDER
from tornkit.serve.blocking.dumps import Frame
from tornkit.serve.blocking.places import described, place_of

USERS = Frame("/home/u/project/app.py", 31, "get")
LOOP = [
    Frame(f"{FOLDER}engine/speedups/body.py", 70, "begin"),
    Frame(asyncio.events.__file__, 84, "_run"),
    Frame(asyncio.base_events.__file__, 1936, "_run_once"),
    Frame(asyncio.base_events.__file__, 608, "run_forever"),
    Frame("/home/u/project/app.py", 60, "main"),
]
SELECT = Frame(selectors.__file__, 468, "select")
LIBRARY = Frame(pytest.__file__, 59, "get")
TEMPLATE = Frame("index_html.generated.py", 12, "_tt_execute")


@pytest.mark.parametrize(
    "inner",
    [
        [],
        [LIBRARY],
        [Frame(json.decoder.__file__, 337, "decode"), Frame(json.__file__, 346, "loads")],
        [SELECT, Frame(subprocess.__file__, 2007, "_communicate")],
        [Frame("<frozen importlib._bootstrap>", 1176, "_find_and_load")],
        [TEMPLATE, Frame(tornado.web.__file__, 1000, "render_string")],
    ],
    ids=["itself", "a library", "Python's", "a child's output", "an import", "a page"],
)
def test_the_innermost_of_the_users_is_the_place(inner: list[Frame]) -> None:
    assert place_of([*inner, USERS, *LOOP]) == USERS


def test_a_function_of_the_users_that_a_page_calls_is_the_place() -> None:
    helper = Frame("/home/u/project/helpers.py", 3, "price")
    assert place_of([helper, TEMPLATE, USERS, *LOOP]) == helper


def test_where_nothing_is_the_users_the_innermost_is_named() -> None:
    static = Frame(tornado.web.__file__, 2800, "get_content")
    assert place_of([static, *LOOP]) == static


def test_callbacks() -> None:
    """One of tornkit's own is nobody else's doing; one in C has no frame but its caller's."""
    caller = Frame(tornado.ioloop.__file__, 756, "_run_callback")
    assert place_of([Frame(f"{FOLDER}serve/worker/collector.py", 98, "do"), caller, *LOOP]) is None
    assert place_of([caller, *LOOP[1:]]) == caller
    assert place_of([USERS, caller, *LOOP]) == USERS


@pytest.mark.parametrize(
    "stack",
    [
        [],
        [SELECT, *LOOP[2:]],
        LOOP[2:],
        LOOP,
        [Frame("/lib/pdb.py", 350, "user_line"), USERS, *LOOP],
        [Frame("/lib/bdb.py", 90, "trace_dispatch"), USERS, *LOOP],
    ],
    ids=["none", "it waits", "uvloop", "the engine", "a debugger", "its trace"],
)
def test_a_loop_that_nobody_blocks(stack: list[Frame]) -> None:
    """It waits, or its turn is late on a busy machine; or a person looks."""
    assert place_of(stack) is None


def test_a_loop_without_frames_of_its_own_that_the_user_runs(tmp_path: Path) -> None:
    """uvloop is written in C: the innermost frame of a loop that waits is whoever runs it."""
    file = tmp_path / "main.py"
    file.write_text("import uvloop\nloop = uvloop.new_event_loop()\nloop.run_forever()\n")
    assert place_of([Frame(str(file), 3, "<module>")]) is None
    assert place_of([Frame(str(file), 2, "<module>")]) is not None


APP = '''\
import time


class Report(Base):
    @authenticated
    async def get(self):
        """A page.

def not_this_one(): of a text
        """
        time.sleep(
            5)
        rows = [each for each in
                self.rows()]

    def post(self): time.sleep(5)


def make_app():
    class Inner:
        def get(self):
            work = lambda: time.sleep(1)
            work()

    return Inner


time.sleep(9)  # and a long remark, longer than what a person wants to read of it in a terminal
'''


def at(text: str) -> int:
    return APP[: APP.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("line", "function", "words"),
    [
        (at("        time.sleep(\n"), "get", "Report.get app.py:{} time.sleep("),
        (at("5)"), "get", "Report.get app.py:{} 5)"),
        (at("            work()"), "get", "Inner.get app.py:{} work()"),
        (at("work = "), "<lambda>", "Inner.get app.py:{} work = lambda: time.sleep(1)"),
        (at("    return Inner"), "make_app", "make_app app.py:{} return Inner"),
        (at("self.rows"), "<listcomp>", "Report.get app.py:{} self.rows()]"),
        (at("    def post"), "post", "Report.post app.py:{} def post(self): time.sleep(5)"),
        (99, "get", "get app.py:{}"),
        (0, "get", "get app.py:{}"),
    ],
)
def test_a_place_is_named_as_a_person_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: int, function: str, words: str
) -> None:
    (tmp_path / "app.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    assert described(Frame(str(tmp_path / "app.py"), line, function)) == words.format(line)


def test_long_code_is_cut_and_a_file_elsewhere_has_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(APP)
    found = described(Frame(str(file), at("time.sleep(9)"), "<module>"))
    assert found.startswith(f"<module> {file}:{at('time.sleep(9)')} time.sleep(9)  # and a long")
    assert found.endswith("...")


def test_a_page_of_tornkits_own_that_takes_its_time() -> None:
    """An error page is made by Tornado's `send_error`; whoever made the error did not block."""
    pages = Frame(f"{FOLDER}devtools/install.py", 50, "write_error")
    tornados = Frame(tornado.web.__file__, 1376, "send_error")
    assert place_of([Frame(json.__file__, 5, "dumps"), pages, tornados, *LOOP]) is None
    assert place_of([USERS, pages, tornados, *LOOP]) == USERS, "a `__str__` of the user's"


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to itself", "a very long file"])
def test_what_has_taken_the_files_place(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "app.py"
    match kind:
        case "a pipe":
            os.mkfifo(file)
        case "a folder":
            file.mkdir()
        case "a link to itself":
            file.symlink_to(file)
        case _:
            file.write_bytes(b"pass\n" * (1 << 20))
    frame = Frame(str(file), 3, "get")
    assert place_of([frame, *LOOP]) == frame
    assert described(frame) == f"get {file}:3"


def test_lines_are_counted_as_python_counts_them(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("a = 'x\x0cy'\n\x0c\ndef get(self):\n    time.sleep(5)\n")
    assert described(Frame(str(file), 4, "get")) == f"get {file}:4 time.sleep(5)"


@pytest.mark.parametrize(
    "code",
    ['connect(password="hunter2")', 'open("postgres://app:hunter2@db")', 'token = (\n  "hunter2")'],
)
def test_no_secret_of_the_code_is_told(tmp_path: Path, code: str) -> None:
    file = tmp_path / "app.py"
    file.write_text(code)
    found = described(Frame(str(file), 1 + code.count("\n"), "<module>"))
    assert "hunter2" not in found
    assert "***" in found


def test_a_file_that_does_not_compile_by_now(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("def get(self:\n    time.sleep(5)\n")
    assert described(Frame(str(file), 2, "get")) == f"get {file}:2 time.sleep(5)"


def test_a_file_that_is_not_there() -> None:
    assert described(Frame("/not/there.py", 3, "get")) == "get /not/there.py:3"
