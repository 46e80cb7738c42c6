"""Which modules may be imported before a fork. Each test in a Python that is thrown away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tornkit
from tornkit import linux

# argv: a folder that counts as site-packages, the modules to warm.
WARM = """\
import json, sys
from tornkit import linux
from tornkit import ownership
from tornkit.serve.warm_imports import warming

installed, *modules = sys.argv[1:]
folders = (*ownership.installed_folders(), installed + "/")
ownership.installed_folders = lambda: folders
sys.path.insert(0, installed)
tried = []
watched = warming.Warming(about_to=tried.append)
watched.warm(modules)
loaded = [name for name in modules if name in sys.modules]
print(json.dumps({"unsafe": watched.unsafe, "tried": tried, "loaded": loaded}))
sys.stdout.flush()
__import__("os")._exit(0)
"""


def warm(folder: Path, sources: dict[str, str], *modules: str) -> dict[str, object]:
    installed, own = folder / "installed", folder / "own"
    for name, source in sources.items():
        path = (own if name.startswith("own_") else installed) / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(Path(tornkit.__file__).parents[1]), str(own))),
    }
    done = subprocess.run(
        [sys.executable, "-c", WARM, str(installed), *(modules or sources)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def unsafe(folder: Path, sources: dict[str, str], *modules: str) -> object:
    return warm(folder, sources, *modules)["unsafe"]


def test_a_module_that_does_nothing_is_safe(tmp_path: Path) -> None:
    found = warm(tmp_path, {"calm": "import json\nwith open(__file__) as f:\n    f.read()\n"})
    assert found == {"unsafe": {}, "tried": ["calm"], "loaded": ["calm"]}


BEHIND = {
    "starts a thread": "from threading import *\nThread(target=Event().wait).start()\n",
    "keeps a descriptor open": "import os\nKEPT = os.pipe()\n",
    "starts a process": "import os\nif not os.fork():\n    os._exit(0)\n",
    "sets a signal handler": "import signal\nsignal.signal(signal.SIGTERM, print)\n",
    "sets an exit handler": ("import weakref\ndef kept(): pass\nweakref.finalize(kept, print)\n"),
    "replaces a hook or a stream of sys": "import sys\nsys.excepthook = print\n",
    "changes sys.path, and not at its end": "import sys\nsys.path.insert(0, 'vendored')\n",
    "configures the root logger": "import logging\nlogging.basicConfig()\n",
    "calls logging.disable": "import logging\nlogging.disable()\n",
    "sets a class of logging": (
        "import logging\nlogging.setLoggerClass(type('Own', (logging.Logger,), {}))\n"
    ),
    "calls logging.captureWarnings": "import logging\nlogging.captureWarnings(True)\n",
    "sets the default timeout of sockets": "import socket\nsocket.setdefaulttimeout(7)\n",
    "sets the recursion limit": "import sys\nsys.setrecursionlimit(5000)\n",
    "sets the switch interval": "import sys\nsys.setswitchinterval(1)\n",
    "sets a trace function": "import sys\nsys.setprofile(lambda *args: None)\n",
    "configures the garbage collector": "import gc\ngc.set_threshold(7)\n",
    "enables faulthandler": "import faulthandler, sys\nfaulthandler.enable(sys.__stderr__)\n",
    "sets the umask": "import os\nos.umask(0o007)\n",
    "sets the locale": "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')\n",
    "sets the context of decimal": "import decimal\ndecimal.getcontext().prec = 7\n",
}


@pytest.mark.skipif(not linux.USED, reason="looks at itself in /proc")
@pytest.mark.parametrize("reason", BEHIND)
def test_what_a_module_leaves_behind(tmp_path: Path, reason: str) -> None:
    assert unsafe(tmp_path, {"culprit": BEHIND[reason]}) == {"culprit": reason}


@pytest.mark.parametrize(
    "source",
    [
        "import atexit\natexit.register(print)\n",
        "import weakref\ndef kept(): pass\nweakref.finalize(kept, print).atexit = False\n",
        "import multiprocessing.util\n",
        "import decimal, sys\nsys.path.append('vendored')\n",
    ],
    ids=["set in the worker", "not called at the exit", "the library's", "no handlers"],
)
def test_exit_handlers_that_are_not_in_the_way(tmp_path: Path, source: str) -> None:
    assert unsafe(tmp_path, {"calm": source}) == {}


def test_what_a_process_of_multiprocessing_ends_with(tmp_path: Path) -> None:
    source = "from multiprocessing.util import Finalize\nFinalize(None, print, exitpriority=1)\n"
    assert unsafe(tmp_path, {"culprit": source}) == {"culprit": "sets an exit handler"}


def test_what_a_module_tidies_up_is_forgiven(tmp_path: Path) -> None:
    tidy = """\
        import os, signal, threading
        thread = threading.Thread(target=len, args=[''])
        thread.start()
        thread.join()
        for descriptor in os.pipe():
            os.close(descriptor)
        signal.signal(signal.SIGTERM, signal.signal(signal.SIGTERM, print))
    """
    assert unsafe(tmp_path, {"tidy": tidy}) == {}


def test_who_imports_it_is_unsafe_too_and_others_are_not(tmp_path: Path) -> None:
    sources = {
        "before": "",
        "top": "import middle\n",
        "middle": "import culprit\n",
        "culprit": BEHIND["keeps a descriptor open"],
        "after": "",
    }
    assert unsafe(tmp_path, sources, "before", "top", "after") == {
        "culprit": "keeps a descriptor open",
        "middle": "imports culprit",
        "top": "imports culprit",
    }


def test_a_package_whose_part_is_to_blame(tmp_path: Path) -> None:
    sources = {
        "bundle.__init__": "",
        "bundle.calm": "",
        "bundle.culprit": BEHIND["keeps a descriptor open"],
    }
    assert unsafe(tmp_path, sources, "bundle.calm", "bundle.culprit") == {
        "bundle.culprit": "keeps a descriptor open"
    }


@pytest.mark.parametrize("name", ["grpc", "polars"])
def test_those_that_say_so_themselves(tmp_path: Path, name: str) -> None:
    found = unsafe(tmp_path, {name: "", "rests": f"import {name}\n"}, "rests")
    assert found == {name: "not fork-safe by its own word", "rests": f"imports {name}"}


def test_what_brings_the_users_own_code_in(tmp_path: Path) -> None:
    sources = {"plugin": "import own_settings\n", "own_settings": "DEBUG = True\n"}
    assert unsafe(tmp_path, sources, "plugin") == {
        "own_settings": "is the user's own",
        "plugin": "imports own_settings",
    }


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1 / 0\n", "ZeroDivisionError"),
        ("import sys; sys.exit(3)\n", "SystemExit"),
        ("import no_such_module\n", "ModuleNotFoundError"),
    ],
)
def test_what_can_not_be_imported_alone(tmp_path: Path, source: str, error: str) -> None:
    found = warm(tmp_path, {"bad": source, "good": ""})
    assert found["unsafe"] == {"bad": f"can't be imported alone: {error}"}
    assert found["loaded"] == ["good"]


def test_each_is_announced_before_it_is_tried(tmp_path: Path) -> None:
    sources = {"one": "import two\n", "two": "", "three": ""}
    assert warm(tmp_path, sources)["tried"] == ["one", "three"], "two was there already"


def test_the_standard_library_is_trusted(tmp_path: Path) -> None:
    found = unsafe(tmp_path, {}, "logging.config", "concurrent.futures.thread", "asyncio")
    assert found == {}


FINGERPRINT = """\
import os, sys
sys.path.insert(0, sys.argv[1])
import module
from tornkit.serve.warm_imports.warming import changed, fingerprint
before = fingerprint()
assert os.fsencode(module.__file__) in before
assert os.fsencode(os.__file__) not in before
assert changed(before) is None
os.utime(module.__file__, (1, 1))
assert changed(before) == module.__file__
before = fingerprint()
assert changed(before) is None
os.remove(module.__file__)
assert changed(before) == module.__file__
"""


def test_a_file_that_is_not_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "module.py").touch()
    subprocess.run([sys.executable, "-c", FINGERPRINT, str(tmp_path)], timeout=30, check=True)
