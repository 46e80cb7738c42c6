"""A warm module is given to a program only if a plain import would give the same one.

Each case is run in a fork of a process that has imported the packages before, and in a fork of one
that has not, as a plain Python: the values have to be equal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tornkit

PACKAGES = {
    # At its end the innermost has read just what the outermost has, and is not to be taken for it.
    "outer.py": "import middle, asks\nMADE_IN, VALUE = WHERE[0], asks.VALUE\n",
    "middle.py": "import inner\n",
    "inner.py": "import middle\n",
    "calm.py": "import lower\nMADE_IN = WHERE[0]\n",
    "lower.py": "MADE_IN = WHERE[0]\n",
    "asks.py": "import os\nMADE_IN, VALUE = WHERE[0], os.environ.get('COLOUR')\n",
    "asks_getenv.py": "import os\nMADE_IN, VALUE = WHERE[0], os.getenv('COLOUR', 'none')\n",
    "asks_whether.py": "from os import environ\nMADE_IN, VALUE = WHERE[0], 'COLOUR' in environ\n",
    "copies.py": "import os\nMADE_IN = WHERE[0]\nVALUE = dict(os.environ).get('COLOUR')\n",
    "rests.py": "import asks\nMADE_IN, VALUE = WHERE[0], asks.VALUE\n",
    "sets.py": "import os\nMADE_IN = WHERE[0]\nos.environ.setdefault('SHAPE', 'round')\n",
    "folder.py": "import os\nMADE_IN, VALUE = WHERE[0], os.getcwd()\n",
    "reads.py": (
        "import os\nMADE_IN = WHERE[0]\nNAME = os.environ['SETTINGS']\n"
        "VALUE = open(NAME).read() if os.path.exists(NAME) else None\n"
    ),
    "lists.py": (
        "import os\nMADE_IN = WHERE[0]\nVALUE = sorted(os.listdir(os.environ['PLUGINS']))\n"
    ),
    "optional.py": (
        "MADE_IN = WHERE[0]\ntry:\n    import faster\n    VALUE = faster.__name__\n"
        "except ImportError:\n    VALUE = None\n"
    ),
    "library.py": "import secrets\nMADE_IN, VALUE = WHERE[0], hasattr(secrets, 'token_hex')\n",
    "deprecated.py": (
        "import warnings\nMADE_IN = WHERE[0]\ntry:\n    warnings.warn('old', DeprecationWarning)\n"
        "    VALUE = 'passed'\nexcept DeprecationWarning:\n    VALUE = 'raised'\n"
    ),
    "logs.py": (
        "import logging\nLOGGER = logging.getLogger(__name__)\n"
        "MADE_IN, VALUE = WHERE[0], type(LOGGER).__name__\n"
    ),
    "formats.py": "import locale\nMADE_IN, VALUE = WHERE[0], locale.setlocale(locale.LC_NUMERIC)\n",
    "bundle/__init__.py": "MADE_IN = WHERE[0]\n",
    "bundle/part.py": "from . import other\nMADE_IN, VALUE = WHERE[0], other.VALUE\n",
    "loose/__init__.py": "MADE_IN = WHERE[0]\n",
    "loose/part.py": "import os\nVALUE = os.environ.get('COLOUR')\n",
    "keeps.py": "import sys\nMADE_IN = WHERE[0]\ndef stream(it=sys.stdout):\n    return it\n",
    "ended.py": "MADE_IN = WHERE[0]\nNAMES = []\n",
    "ends.py": (
        "import atexit, ended, ends_inner\nMADE_IN = WHERE[0]\n"
        "atexit.register(ended.NAMES.append, 'outer')\n"
    ),
    "ends_inner.py": (
        "from atexit import register, unregister\nfrom ended import NAMES\nMADE_IN = WHERE[0]\n"
        "register(NAMES.append, 'first')\n@register\ndef second():\n    NAMES.append('second')\n"
        "def never():\n    NAMES.append('never')\nregister(never), unregister(never)\n"
    ),
    "does_without.py": (
        "import ended\nMADE_IN = WHERE[0]\ntry:\n    import fails\nexcept ImportError:\n    pass\n"
    ),
    "fails.py": (
        "import atexit, ended\natexit.register(ended.NAMES.append, 'fails')\nraise ImportError\n"
    ),
    "conf.py": (
        "MADE_IN, DEBUG, VERBOSE, CACHE = WHERE[0], False, 0, None\n"
        "def make():\n    global CACHE\n    CACHE = []\n"
    ),
    "asks_conf.py": "import conf\nMADE_IN, VALUE = WHERE[0], conf.DEBUG\n",
    "has_conf.py": "from conf import DEBUG as VALUE\nMADE_IN = WHERE[0]\n",
    "stars_conf.py": "from conf import *\nMADE_IN, VALUE = WHERE[0], DEBUG\n",
    "calls_conf.py": (
        "import conf\nMADE_IN = WHERE[0]\ndef ask():\n    return conf.DEBUG\nVALUE = ask()\n"
    ),
    "rests_on_conf.py": "import asks_conf\nMADE_IN, VALUE = WHERE[0], asks_conf.VALUE\n",
    "set_up/__init__.py": "MADE_IN, DEBUG = WHERE[0], False\n",
    "set_up/part.py": "from . import DEBUG as VALUE\nMADE_IN = WHERE[0]\n",
    "copies_function.py": "from os.path import expanduser as VALUE\nMADE_IN = WHERE[0]\n",
    "calls_function.py": (
        "import os\nMADE_IN = WHERE[0]\ndef home():\n    return os.path.expanduser('~')\n"
    ),
    "built_in.py": "MADE_IN, VALUE = WHERE[0], [ascii(each) for each in 'a']\n",
    "for_types.py": "from typing import TYPE_CHECKING as VALUE\nMADE_IN = WHERE[0]\n",
    "waits.py": "import socket\nMADE_IN, VALUE = WHERE[0], socket.getdefaulttimeout()\n",
    "tells.py": (
        "import logging\nMADE_IN = WHERE[0]\nLOGGER = logging.getLogger('tells.much')\n"
        "LOGGER.info('here')\n"
    ),
    "bundle/other.py": "import os\nVALUE = os.environ.get('COLOUR')\n",
}
AT_EXIT = "__import__('atexit')._run_exitfuncs()"
# What the program does first; what it imports; which of those may be warm; and the value.
CASES = {
    "nothing": ("", "calm", True, "calm.MADE_IN is calm.lower.MADE_IN"),
    "in sight when it is imported, and no sooner": (
        "before = 'calm' in sys.modules or 'lower' in sys.modules",
        "calm",
        True,
        "(before, 'calm' in sys.modules, 'lower' in sys.modules, 'asks' in sys.modules)",
    ),
    "another variable": ("os.environ['SIZE'] = '1'", "asks", True, "asks.VALUE"),
    "the variable": ("os.environ['COLOUR'] = 'red'", "asks", False, "asks.VALUE"),
    "by getenv": ("os.environ['COLOUR'] = 'red'", "asks_getenv", False, "asks_getenv.VALUE"),
    "whether it is there": (
        "os.environ['COLOUR'] = 'red'",
        "asks_whether",
        False,
        "asks_whether.VALUE",
    ),
    "a copy of them all": ("os.environ['COLOUR'] = 'red'", "copies", False, "copies.VALUE"),
    "a copy of the same": ("", "copies", True, "copies.VALUE"),
    "a stream that is as it was": ("", "keeps", True, "keeps.stream() is sys.stdout"),
    "another stream": (
        "import io; sys.stdout = io.StringIO()",
        "keeps",
        False,
        "keeps.stream() is sys.stdout",
    ),
    "the class of loggers": (
        "import logging; logging.setLoggerClass(type('Own', (logging.Logger,), {}))",
        "logs",
        False,
        "logs.VALUE",
    ),
    "loggers that there are, disabled": (
        "import logging.config; logging.config.dictConfig({'version': 1})",
        "logs",
        True,
        "__import__('logging').getLogger('logs').disabled",
    ),
    "its logger, by the program": (
        "import logging; logging.getLogger('logs').setLevel(1)",
        "logs",
        True,
        "logs.LOGGER.level",
    ),
    "a logger of another name": (
        "import logging; logging.getLogger('a')",
        "logs",
        True,
        "logs.VALUE",
    ),
    "exit handlers in their order": ("", "ends", True, f"{AT_EXIT}, ends.ended.NAMES"),
    "and of what was imported alone": ("", "ended", True, f"{AT_EXIT}, ended.NAMES"),
    "and of what could not be": ("", "does_without", True, f"{AT_EXIT}, does_without.ended.NAMES"),
    "a function that a module has kept": (
        "",
        "ends_inner",
        True,
        f"(ends_inner.register(ends_inner.NAMES.append, 'now'), {AT_EXIT}, ends_inner.NAMES)[1:]",
    ),
    "what it rests on": ("os.environ['COLOUR'] = 'red'", "rests", False, "rests.VALUE"),
    "three within each other": (
        "os.environ['COLOUR'] = 'red'",
        "outer",
        False,
        "outer.VALUE",
    ),
    "behind its import": (
        "import asks; os.environ['COLOUR'] = 'red'",
        "rests",
        True,
        "rests.VALUE",
    ),
    "a variable that it sets": ("", "sets", True, "os.environ['SHAPE']"),
    "that it would have set": (
        "os.environ['SHAPE'] = 'flat'",
        "sets",
        False,
        "os.environ['SHAPE']",
    ),
    "the current folder": ("os.chdir('/')", "folder", False, "folder.VALUE"),
    "a file that was not there": (
        "open(os.environ['SETTINGS'], 'w').write('new')",
        "reads",
        False,
        "reads.VALUE",
    ),
    "a folder of plugins": (
        "open(os.environ['PLUGINS'] + '/one.py', 'w').close()",
        "lists",
        False,
        "lists.VALUE",
    ),
    "a package that was not there": (
        "sys.path.insert(0, mine('faster.py', ''))",
        "optional",
        False,
        "optional.VALUE",
    ),
    "a stub of it": ("sys.modules['faster'] = json", "optional", False, "optional.VALUE"),
    "the module itself": (
        "sys.path.insert(0, mine('calm.py', 'MADE_IN = WHERE[0]; import lower; HERE = 1'))",
        "calm",
        False,
        "calm.HERE",
    ),
    "behind it on the path": (
        "sys.path.append(mine('calm.py', '1 / 0'))",
        "calm",
        True,
        "calm.__name__",
    ),
    "what it rests on, elsewhere": (
        "sys.path.insert(0, mine('lower.py', 'MADE_IN = 5'))",
        "calm",
        False,
        "calm.lower.MADE_IN",
    ),
    "a stub of what it rests on": (
        "sys.modules['lower'] = json",
        "calm",
        False,
        "calm.lower.__name__",
    ),
    "a name of the library's": (
        "sys.path.insert(0, mine('secrets.py', 'mine = True'))",
        "library",
        False,
        "library.VALUE",
    ),
    "a path without it": ("sys.path.remove(INSTALLED)", "json", None, "found('calm')"),
    "an import hook": ("sys.meta_path.insert(0, Hook())", "calm", False, "calm.HOOKED"),
    "a hook for others": ("sys.meta_path.insert(0, Hook('other'))", "calm", True, "calm.__name__"),
    "filters": ("warnings.simplefilter('error')", "deprecated", False, "deprecated.VALUE"),
    "the same filters": ("", "deprecated", True, "deprecated.VALUE"),
    "the locale": (
        "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "formats",
        False,
        "formats.VALUE",
    ),
    "a part of a package": (
        "os.environ['COLOUR'] = 'red'",
        "bundle.part",
        False,
        "bundle.part.VALUE",
    ),
    "a part that its package does not import": (
        "import calm; os.environ['COLOUR'] = 'red'; from loose import part",
        "loose.part",
        None,
        "(part.VALUE, loose.part.VALUE)",
    ),
    "a part of the same": ("", "loose.part", None, "(hasattr(loose, 'part'), loose.part.VALUE)"),
    "looked for, not imported": (
        "import importlib.util; spec = importlib.util.find_spec('calm')",
        "json",
        None,
        "(spec.origin[-7:], 'calm' in sys.modules, spec.loader.is_package('calm'))",
    ),
    "a variable of another module": ("import conf; conf.DEBUG = 1", "asks_conf", False, "VALUE"),
    "another one of it": ("import conf; conf.VERBOSE = 1", "asks_conf", True, "VALUE"),
    "the variable, to what it was": ("import conf; conf.DEBUG = False", "asks_conf", True, "VALUE"),
    "by from": ("import conf; conf.DEBUG = 1", "has_conf", False, "VALUE"),
    "by from, with a star": ("import conf; conf.DEBUG = 1", "stars_conf", False, "VALUE"),
    "asked by a function": ("import conf; conf.DEBUG = 1", "calls_conf", False, "VALUE"),
    "of what it rests on": ("import conf; conf.DEBUG = 1", "rests_on_conf", False, "VALUE"),
    "what the module has set itself": ("import conf; conf.make()", "asks_conf", True, "VALUE"),
    "a variable behind its import": (
        "import asks_conf, conf; conf.DEBUG = 1",
        "rests_on_conf",
        True,
        "VALUE",
    ),
    "a variable of its package": (
        "import set_up; set_up.DEBUG = 1",
        "set_up.part",
        False,
        "VALUE",
    ),
    "a function that is patched": (
        "os.path.expanduser = str.upper",
        "copies_function",
        False,
        "VALUE('~')",
    ),
    "a patched function that is called later": (
        "os.path.expanduser = str.upper",
        "calls_function",
        True,
        "home()",
    ),
    "a word of the language": (
        "import typing; typing.TYPE_CHECKING = True",
        "for_types",
        False,
        "VALUE",
    ),
    "a built-in function": ("builtins.ascii = str.upper", "built_in", False, "VALUE"),
    "the timeout of sockets": (
        "import socket; socket.setdefaulttimeout(7)",
        "waits",
        False,
        "VALUE",
    ),
    "what it logs": (
        "import io, logging; text = io.StringIO(); logging.basicConfig(level=10, stream=text)",
        "tells",
        False,
        "text.getvalue()",
    ),
    "what it does not log": ("import logging; logging.basicConfig()", "tells", True, "LOGGER.name"),
    "and where all is disabled": (
        "import logging; logging.basicConfig(level=10); logging.disable()",
        "tells",
        True,
        "LOGGER.name",
    ),
    "and where its package is silent": (
        "import logging; logging.basicConfig(level=10); logging.getLogger('tells').setLevel(40)",
        "tells",
        True,
        "LOGGER.name",
    ),
    "reloaded": ("import importlib, calm; importlib.reload(calm)", "calm", False, "calm.__name__"),
    "its own record": (
        "",
        "calm",
        True,
        "(calm.__spec__.name, type(calm.__spec__.loader).__name__)",
    ),
}
SCRIPT = """\
import builtins, json, locale, os, socket, sys, warnings
from importlib.machinery import ModuleSpec

how, INSTALLED, temporary = sys.argv[1:4]
cases = json.loads(sys.stdin.read())
builtins.WHERE = ["elsewhere"]
sys.path.insert(0, INSTALLED)
os.environ.pop("COLOUR", None)
os.environ.pop("SHAPE", None)
os.environ["SETTINGS"] = temporary + "/settings"
os.environ["PLUGINS"] = temporary + "/plugins"
locale.setlocale(locale.LC_ALL, "C")
from tornkit import ownership
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.warm_imports.warming import Warming

folders = (*ownership.installed_folders(), INSTALLED + "/")
ownership.installed_folders = lambda: folders
import tornkit.serve.warm_imports.import_recorder
tornkit.serve.warm_imports.import_recorder.installed_folders = ownership.installed_folders
if how == "warm":
    sys.modules.pop("secrets", None)
    before = frozenset(sys.modules)
    warming = Warming(about_to=lambda name: None)
    warming.warm(sorted({words[1] for words in cases.values()} - {"json"}))
    assert not warming.unsafe, warming.unsafe
    warm_modules.current.hide(before, warming.inputs)
    warm_modules.current.begin()
    os.environ.pop("SHAPE", None)


class Hook:
    def __init__(self, name="calm"):
        self.name = name

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name == self.name else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.HOOKED, module.MADE_IN = True, WHERE[0]


def mine(name, text):
    folder = f"{temporary}/{how}-{os.getpid()}"
    os.makedirs(folder)
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)
    return folder


def found(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def run(before, name, warm, value):
    refused = {}
    warm_modules.current.on_refused = refused.update
    WHERE[0] = "here"
    scope = globals()
    exec(before, scope)
    exec(f"import {name}", scope)
    made = getattr(sys.modules[name], "MADE_IN", None)
    scope = {**vars(sys.modules[name]), **scope}
    return eval(value, scope), made, refused


answers = {}
for title, words in cases.items():
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            said = run(*words)
        except BaseException as error:
            said = repr(error), None, {}
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    answers[title] = json.loads(open(reading).read())
    for name in ("settings", "plugins/one.py"):
        if os.path.exists(f"{temporary}/{name}"):
            os.remove(f"{temporary}/{name}")
print(json.dumps(answers))
sys.stdout.flush()
os._exit(0)
"""
Answers = dict[str, tuple[object, str | None, dict[str, str]]]


def run(how: str, folder: Path) -> Answers:
    for name, source in PACKAGES.items():
        path = folder / "installed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    (folder / "plugins").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how, str(folder / "installed"), str(folder)],
        input=json.dumps(CASES),
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(tornkit.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: Answers = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, Answers]:
    """Of plain imports, and of warm ones."""
    folder = tmp_path_factory.mktemp("warm")
    return run("plain", folder), run("warm", folder)


@pytest.mark.parametrize("title", CASES)
def test_a_program_gets_what_a_plain_import_gives(
    title: str, answers: tuple[Answers, Answers]
) -> None:
    plain, warm = answers
    assert warm[title][0] == plain[title][0]
    assert plain[title][1] in ("here", None)


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if case[2] is not None])
def test_and_a_warm_one_where_that_is_the_same(
    title: str, answers: tuple[Answers, Answers]
) -> None:
    _, made, refused = answers[1][title]
    expected = CASES[title][2]
    assert made == ("elsewhere" if expected else "here")
    assert not (expected and refused)


def test_what_is_refused_is_named_with_its_reason(answers: tuple[Answers, Answers]) -> None:
    assert answers[1]["what it rests on"][2] == {
        "asks": "depends on the variable COLOUR",
        "rests": "imports asks",
        "outer": "imports asks",
    }


NEVER = {
    "reads sys.argv": "import sys\nNAME = sys.argv[0]\n",
    "warns when it is imported": "import warnings\nwarnings.warn('look')\n",
    "prints when it is imported": "print('hello')\n",
    "logs when it is imported": "import logging\nlogging.getLogger('culprit').warning('look')\n",
    "uses tornado.options": "from tornado.options import options\nIS_SET = 'debug' in options\n",
}


@pytest.mark.parametrize("reason", NEVER)
def test_what_only_the_program_can_import(tmp_path: Path, reason: str) -> None:
    (tmp_path / "culprit.py").write_text(textwrap.dedent(NEVER[reason]))
    script = """\
        import sys
        sys.path.insert(0, sys.argv[1])
        from tornkit import ownership
        from tornkit.serve.warm_imports import userfiles
        from tornkit.serve.warm_imports import warming
        warming.is_user_module = lambda module: False
        watched = warming.Warming(about_to=lambda name: None)
        watched.warm(["culprit"])
        print(watched.unsafe["culprit"], end="")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(tornkit.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == reason, done.stderr
