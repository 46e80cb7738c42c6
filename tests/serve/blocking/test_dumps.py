"""What `faulthandler` writes, read back."""

from __future__ import annotations

import faulthandler
import tempfile
import threading

from tornkit.serve.blocking.dumps import Frame, stack_of

DUMP = """\
Thread 0x00007f51a1c006c0 [reader] (most recent call first):
  File "/lib/queue.py", line 171 in get

Current thread 0x00007f51a7448b80 (most recent call first):
  File "/a folder/an "app".py", line 31 in <lambda>
  File "/a folder/app.py", line 7 in get
  File "<frozen runpy>", line 88 in _run_code
  ...
"""


def test_each_thread_has_its_stack() -> None:
    assert stack_of(DUMP, 0x7F51A7448B80) == [
        Frame('/a folder/an "app".py', 31, "<lambda>"),
        Frame("/a folder/app.py", 7, "get"),
        Frame("<frozen runpy>", 88, "_run_code"),
    ]
    assert stack_of(DUMP, 0x7F51A1C006C0) == [Frame("/lib/queue.py", 171, "get")]


def test_a_thread_that_is_not_there_has_none() -> None:
    assert stack_of(DUMP, 1) == []
    assert stack_of("", 1) == []
    assert stack_of("no dump\nat all", 1) == []


def test_what_this_python_writes() -> None:
    begun, over = threading.Event(), threading.Event()

    def waits() -> None:
        begun.set()
        over.wait()

    thread = threading.Thread(target=waits)
    thread.start()
    begun.wait()
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        over.set()
        thread.join()
        file.seek(0)
        dump = file.read()
    assert stack_of(dump, threading.get_ident())[0].function == "test_what_this_python_writes"
    assert "waits" in [frame.function for frame in stack_of(dump, thread.ident or 0)]
