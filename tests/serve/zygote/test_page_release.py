"""Files' pages are let go where they hold the files' bytes alone; nobody notices."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tornkit import linux
from tornkit.serve.zygote.page_release import unwritten

SMAPS = b"""\
1000-2000 r--p 00000000 fe:00 77                         /lib/clean.so
Size:                  4 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
2000-5000 r-xp 00001000 fe:00 77                         /lib/with a name.so
Anonymous:             0 kB
5000-6000 r--p 00004000 fe:00 77                         /lib/relocated.so
Anonymous:             4 kB
6000-7000 rw-p 00005000 fe:00 77                         /lib/written.so
Anonymous:             0 kB
7000-8000 r--p 00000000 00:00 0
Anonymous:             0 kB
8000-9000 r--s 00000000 fe:00 78                         /data/shared
Anonymous:             0 kB
ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0                  [vsyscall]
Anonymous:             0 kB
"""


def test_which_mappings_are_let_go() -> None:
    assert list(unwritten(SMAPS)) == [(0x1000, 0x2000), (0x2000, 0x5000)]


@pytest.mark.skipif(not linux.USED, reason="elsewhere nothing is done")
def test_a_process_goes_on_as_before() -> None:
    script = """\
    import ctypes, decimal, json, os, sqlite3, ssl
    from tornkit.serve.zygote import page_release
    from tornkit.serve.workforce.memory import resident
    ssl.create_default_context()
    before = resident(os.getpid())
    page_release.let_go()
    assert resident(os.getpid()) < before - 2_000_000
    assert sqlite3.connect(":memory:").execute("select 1 + 1").fetchone() == (2,)
    assert decimal.Decimal(2).sqrt() > 1
    ssl.create_default_context()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=30, check=True)
