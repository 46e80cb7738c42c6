"""What a program has started that was only looked at ends with the look."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tornkit import linux
from tornkit.serve.wire.processes import has_ended

# A helper that says where it is, and how it ends.
HELPER = """
import os, signal, sys, time
{signals}
open({mark!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""
STARTS = {
    "a child": "subprocess.Popen(HELPER)",
    "a child that minds no signal": "subprocess.Popen(STUBBORN)",
    "a session of its own": "subprocess.Popen(HELPER, start_new_session=True)",
    "a daemon": 'subprocess.run(["/bin/sh", "-c", f"{shlex.join(HELPER)} &"])',
    "multiprocessing": "multiprocessing.get_context('fork').Process(target=loop).start()",
}


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(each, marks=[pytest.mark.thorough] if each != "a daemon" else [])
        for each in STARTS
    ],
)
@pytest.mark.skipif(not linux.USED, reason="what has left its parent is not found there")
def test_routes_leaves_no_process_behind(tmp_path: Path, how: str) -> None:
    mark = tmp_path / "mark"
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    helpers = {
        "HELPER": HELPER.format(signals="", mark=str(mark)),
        "STUBBORN": HELPER.format(signals=deaf, mark=str(mark)),
    }
    program = tmp_path / "main.py"
    program.write_text(
        "import multiprocessing, os, shlex, subprocess, sys, time\nimport tornado.web\n"
        + "".join(f"{name} = [sys.executable, '-c', {code!r}]\n" for name, code in helpers.items())
        + textwrap.dedent(
            f"""
            def loop():
                open({str(mark)!r}, "w").write(str(os.getpid()))
                time.sleep(60)

            if __name__ == "__main__":
                {STARTS[how]}
                while not os.path.exists({str(mark)!r}) or not os.path.getsize({str(mark)!r}):
                    time.sleep(0.005)
                tornado.web.Application([("/here", tornado.web.RequestHandler)]).listen(0)
                tornado.ioloop.IOLoop.current().start()
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "tornkit", "routes", str(program)],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert "/here" in done.stdout, done.stderr
    assert done.returncode == 0
    assert has_ended(int(mark.read_text()))
