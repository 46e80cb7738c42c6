"""Compares what real libraries hold in a worker with what they hold in a plain Python.

Each of them reads variables, ``sys.path`` or files while it is imported. A program changes one of
these and imports the library; the value that results is asked of ``python program.py``, and of
``tornkit serve`` at the first start, after one save and after ten, with one worker and with two.

    python -m tests.integration.warm_libraries [--only NAME ...]

Libraries that are not installed are left out. Prints a line for each, and exits with 1 where a
value differs.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

# Name -> (what the program does first, what it imports, the value).
LIBRARIES = {
    "prometheus_client": (
        "os.environ['PROMETHEUS_MULTIPROC_DIR'] = os.path.dirname(os.path.abspath(__file__))",
        "import prometheus_client, prometheus_client.values",
        "prometheus_client.values.ValueClass.__qualname__",
    ),
    "huggingface_hub": (
        "dotenv.load_dotenv(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'env'))",
        "import huggingface_hub.constants",
        "(huggingface_hub.constants.HF_HOME, huggingface_hub.constants.HF_HUB_OFFLINE)",
    ),
    "matplotlib": (
        "os.environ['MPLBACKEND'] = 'svg'",
        "import matplotlib",
        "matplotlib.rcParams['backend']",
    ),
    "pandas": (
        "os.environ['PANDAS_COPY_ON_WRITE'] = 'warn'; os.environ['NUMPY_MADVISE_HUGEPAGE'] = '0'",
        "import pandas, numpy",
        "str(pandas.get_option('mode.copy_on_write'))",
    ),
    "numpy": (
        "os.environ['NPY_DISABLE_CPU_FEATURES'] = 'AVX2 FMA3'",
        "import numpy; from numpy._core import _multiarray_umath as umath",
        "[umath.__cpu_features__[name] for name in ('AVX2', 'FMA3', 'SSE42')]",
    ),
    "nltk": (
        "os.environ['NLTK_DATA'] = '/tmp/nltk-of-mine'",
        "import nltk",
        "nltk.data.path[0]",
    ),
    "tqdm": (
        "os.environ['TQDM_MININTERVAL'] = '7'",
        "import tqdm",
        "tqdm.tqdm([], file=open(os.devnull, 'w')).mininterval",
    ),
    "loguru": (
        "os.environ['LOGURU_LEVEL'] = 'ERROR'",
        "import loguru, loguru._defaults",
        "loguru._defaults.LOGURU_LEVEL",
    ),
    "loguru._logger": (
        "sys.stderr = open(os.devnull, 'w')",
        "import loguru",
        "next(iter(loguru.logger._core.handlers.values()))._sink._stream is sys.stderr",
    ),
    "PIL": (
        "import atexit; BEFORE = atexit._ncallbacks()",
        "import PIL.Image",
        "atexit._ncallbacks() - BEFORE",
    ),
    "sqlalchemy": (
        "os.environ['DISABLE_SQLALCHEMY_CEXT_RUNTIME'] = '1'",
        "import sqlalchemy.util",
        "sqlalchemy.util.has_compiled_ext()",
    ),
    "google.protobuf": (
        "os.environ['PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION'] = 'python'",
        "from google.protobuf.internal import api_implementation",
        "api_implementation.Type()",
    ),
    "aiohttp": (
        "os.environ['AIOHTTP_NO_EXTENSIONS'] = '1'",
        "import aiohttp.http_parser",
        "aiohttp.http_parser.HttpRequestParser.__name__",
    ),
    "multidict": (
        "os.environ['MULTIDICT_NO_EXTENSIONS'] = '1'",
        "import multidict",
        "multidict.MultiDict.__module__",
    ),
    "yarl": (
        "os.environ['YARL_NO_EXTENSIONS'] = '1'",
        "import yarl, yarl._quoting",
        "yarl._quoting._Quoter.__module__",
    ),
    "frozenlist": (
        "os.environ['FROZENLIST_NO_EXTENSIONS'] = '1'",
        "import frozenlist",
        "frozenlist.FrozenList.__module__ + frozenlist.FrozenList.__name__",
    ),
    "openai": (
        "os.environ['OPENAI_API_VERSION'] = 'mine'",
        "import openai",
        "openai.api_version",
    ),
    "opentelemetry.context": (
        "os.environ['OTEL_PYTHON_CONTEXT'] = 'no_such_context'",
        "import logging; logging.disable(); import opentelemetry.context",
        "type(opentelemetry.context._RUNTIME_CONTEXT).__name__",
    ),
    "psutil": (
        "os.environ['PSUTIL_DEBUG'] = '1'",
        "import psutil._common",
        "str(psutil._common.PSUTIL_DEBUG)",
    ),
    "babel": (
        "os.environ['LC_ALL'] = 'de_DE.UTF-8'",
        "import babel.dates, babel.numbers",
        "(str(babel.dates.LC_TIME), str(babel.numbers.LC_NUMERIC))",
    ),
    "dask": (
        "os.environ['DASK_MINE__DEEP'] = '42'",
        "import dask.config",
        "dask.config.get('mine.deep', None)",
    ),
    "networkx": (
        "os.environ['NETWORKX_CACHE_CONVERTED_GRAPHS'] = ''",
        "import networkx",
        "str(networkx.config.cache_converted_graphs)",
    ),
    "wrapt": (
        "os.environ['WRAPT_DISABLE_EXTENSIONS'] = '1'",
        "import wrapt",
        "wrapt.ObjectProxy.__module__ + str(type(wrapt.FunctionWrapper.__call__))",
    ),
    "jupyter_core": (
        "os.environ['JUPYTER_PATH'] = '/tmp/mine'; os.chdir('/')",
        "import jupyter_core.paths",
        "jupyter_core.paths.SYSTEM_JUPYTER_PATH[0] + os.getcwd()",
    ),
    "requests": (
        "sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'vendor'))",
        "import requests, urllib3",
        "(urllib3.__version__, requests.__version__)",
    ),
    "yaml": (
        "sys.modules['_yaml'] = sys.modules['yaml._yaml'] = None",
        "import yaml",
        "str(getattr(yaml, '__with_libyaml__', None))",
    ),
}
PROGRAM = """\
import os, sys
{dotenv}
{before}
{imports}
SAVES = 0
VALUE = repr({value})
import tornado.ioloop, tornado.web

class Main(tornado.web.RequestHandler):
    def get(self):
        self.write(f"{{os.getpid()}} {{SAVES}} {{VALUE}}")

if __name__ == "__main__":
    if "--plain" in sys.argv:
        print(VALUE)
        sys.exit()
    tornado.web.Application([("/", Main)]).listen(8888)
    tornado.ioloop.IOLoop.current().start()
"""
PATIENCE = 60.0


def is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def project(folder: Path, name: str) -> Path:
    before, imports, value = LIBRARIES[name]
    dotenv = "import dotenv" if "dotenv" in before else ""
    program = folder / "program.py"
    program.write_text(PROGRAM.format(before=before, imports=imports, value=value, dotenv=dotenv))
    (folder / "env").write_text("HF_HOME=/tmp/hub-of-mine\nHF_HUB_OFFLINE=1\n")
    (folder / "vendor" / "urllib3").mkdir(parents=True)
    own = importlib.util.find_spec("urllib3")
    if own is not None and own.origin is not None:  # the same package, with a version of its own
        text = f"import sys\n__path__ = [{str(Path(own.origin).parent)!r}]\n"
        text += f"exec(open({own.origin!r}).read())\n__version__ = '1.26.99'\n"
        (folder / "vendor" / "urllib3" / "__init__.py").write_text(text)
    return program


@contextlib.contextmanager
def served(program: Path, workers: int) -> Iterator[tuple[str, Path]]:
    """The URL of a server of the program, and its log."""
    log = program.with_name(f"log-{workers}")
    environment = {**os.environ, "XDG_CACHE_HOME": str(program.parent / f"cache-{workers}")}
    command = [sys.executable, "-m", "tornkit", "serve", program.name, "--port", "0"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--workers", str(workers)],
            cwd=program.parent,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        found = wait_for(lambda: re.search(r"http://\S+", log.read_text()), log)
        wait_for(lambda: "Ctrl-C stops" in log.read_text(), log)
        yield re.sub(r"\x1b\S*", "", found.group()), log
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def wait_for(condition, log: Path):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"nothing after {PATIENCE:g} s\n{log.read_text()}")
        time.sleep(0.02)
    return value


def answers(url: str, workers: int, saves: int, log: Path) -> set[str]:
    """The values of all workers, once the code of that save serves."""
    seen: dict[str, str] = {}

    def ask() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            pid, version, value = answer.read().decode().split(" ", 2)
            if version == str(saves):
                seen[pid] = value
        return len(seen) >= workers

    wait_for(ask, log)
    return set(seen.values())


def judge(name: str) -> tuple[bool, str]:
    """Whether all values are those of a plain Python, and a line about it."""
    with tempfile.TemporaryDirectory() as temporary:
        program = project(Path(temporary), name)
        command = [sys.executable, program.name, "--plain"]
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True, check=False)
        if done.returncode:
            return False, f"plain Python fails: {done.stderr.splitlines()[-1:]}"
        expected = {done.stdout.strip()}
        wrong, said = [], set()
        for workers in (1, 2):
            with served(program, workers) as (url, log):
                for saves in range(11):
                    if saves:
                        wait_for(lambda: "warm" in log.read_text(), log)
                        text = program.read_text()
                        new = re.sub(r"SAVES = \d+", f"SAVES = {saves}", text)
                        program.with_suffix(".new").write_text(new)
                        program.with_suffix(".new").replace(program)
                    found = answers(url, workers, saves, log)
                    if found != expected:
                        wrong.append(f"{workers} workers, save {saves}: {found}")
                text = log.read_text()
                said |= set(re.findall(r"quarantined \((.*)\)", text))
                times = re.findall(r"reloaded in (\d+) ms", text)
            program.write_text(re.sub(r"SAVES = \d+", "SAVES = 0", program.read_text()))
        line = f"{expected} {'; '.join(wrong) or 'equal'}; reloads {' '.join(times)} ms; {said}"
        return not wrong, line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(LIBRARIES))
    failed = []
    for name in parser.parse_args().only:
        if not is_installed(name):
            print(f"{name}: not installed", flush=True)
            continue
        good, line = judge(name)
        print(f"{name}: {line}", flush=True)
        if not good:
            failed.append(name)
    sys.exit(f"other values: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
