"""The mistakes of a new user, and what each is told: one line, or their own frames, and what to do.

A table, to be read by eye. HERE is the current folder, PYTHON the interpreter, PORT one that
is taken.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest
from click.testing import CliRunner, Result
from tornado import autoreload, netutil, process, tcpserver

from tornkit import seams
from tornkit.cli import serve, tornkit

SEE = "; see tornkit serve --help"
OWN = "; a program's own options go behind --, as in -- "

# Words on the command line -> what is said behind "error: ". In the folder are web.py with a
# make_app, chat.py, a program, and two folders, sub with a util.py and empty.
WORDS = {
    # Commands.
    "run": "there is no command run: use tornkit serve",
    "runserver": "there is no command runserver: use tornkit serve",
    "serv": "there is no command serv: did you mean tornkit serve?",
    "init demo": "there is no command init: use tornkit new",
    "urls": "there is no command urls: use tornkit routes",
    "help": "there is no command help: use tornkit --help",
    "web.py": "there is no command web.py: use tornkit serve web.py",
    "xyzzy": "there is no command xyzzy; there are new, add, update, routes, serve, status, bus",
    "--port 80 serve": "option --port does not exist; a command's options stand behind it, as in "
    "tornkit serve --port; see tornkit --help",
    # Options.
    "serve -p 80": f"option -p does not exist: use --port{SEE}",
    "serve -w 4": f"option -w does not exist: use --workers{SEE}",
    "serve --bind ::1": f"option --bind does not exist: use --address and --port{OWN}--bind{SEE}",
    "serve --uds /s": f"option --uds does not exist: use --unix-socket{OWN}--uds{SEE}",
    "serve --debug": "option --debug does not exist: reloading and tracebacks are on by default, "
    f"and --log-level debug shows the log{OWN}--debug{SEE}",
    "serve --factory": "option --factory does not exist: name the function, as in "
    f"module:make_app: it is called by itself{OWN}--factory{SEE}",
    "serve --reload-dir x": "option --reload-dir does not exist: use --watch"
    f"{OWN}--reload-dir{SEE}",
    "serve --prot 80": "option --prot does not exist: did you mean --port? see "
    "tornkit serve --help",
    "serve --log_level x": "option --log_level does not exist: did you mean --log-level? see "
    "tornkit serve --help",
    "serve --xyzzy": f"option --xyzzy does not exist{OWN}--xyzzy{SEE}",
    "serve -m": f"option '-m' requires an argument{SEE}",
    "serve --reload=1": f"option '--reload' does not take a value{SEE}",
    "routes --json": "option --json does not exist: use --format json"
    f"{OWN}--json; see tornkit routes --help",
    "status web.py": "got unexpected extra argument (web.py); see tornkit status --help",
    "bus --al": "option --al does not exist: did you mean --all? see tornkit bus --help",
    "bus pubish": "no such command 'pubish'. Did you mean 'publish'? see tornkit bus --help",
    "bus publish": "missing argument 'CHANNEL'; see tornkit bus publish --help",
    "bus listen --conut 3 a": "option --conut does not exist: did you mean --count? see tornkit "
    "bus listen --help",
    "bus --json listen a": "--json stands behind the command, where that has it: see tornkit bus "
    "listen --help",
    "bus publish room:* 1": "room:* is a pattern; a message goes to one channel, without a *",
    "bus publish a b --text --bytes": "--text and --bytes exclude each other",
    "bus listen a --since b": "b is no position; tornkit bus publish prints one, as "
    "5f0c7f1e2a3b-17",
    "new": "missing argument 'NAME'; see tornkit new --help",
    # Values.
    "serve --port x": f"invalid value for '--port': 'x' is no whole number from 0 to 65535{SEE}",
    "serve --port 99999": "invalid value for '--port': 99999 is no whole number from 0 to 65535"
    f"{SEE}",
    "serve --workers x": "invalid value for '--workers': 'x' is neither a number above 0 nor "
    f"'auto' (and APP goes before a bare --workers){SEE}",
    "serve --max-rss x": "invalid value for '--max-rss': 'x' is no size; write 1048576, 512k, 100M "
    f"or 2G{SEE}",
    "serve --drain-timeout -1": "invalid value for '--drain-timeout': -1.0 is no number from 0 up"
    f"{SEE}",
    "serve --engine gunicorn": "invalid value for '--engine': 'gunicorn' is not one of "
    f"'tornkit', 'tornado'{SEE}",
    "status --pid x": "invalid value for '--pid': 'x' is no whole number; see tornkit "
    "status --help",
    # APP.
    "serve :8000": ":8000 is a port: say --port 8000",
    "serve localhost:8000": "localhost:8000 is no application: an attribute is no number. To "
    "listen there, say --address localhost --port 8000",
    "serve http://localhost": "http://localhost is an address; APP is what to serve: module:attr "
    "or file.py",
    "serve 'web.py:make_app()'": "leave out the brackets, a function is called by itself: "
    "web.py:make_app",
    "serve web.py:make-app": "'make-app' in web.py:make-app can't be an attribute's name",
    "serve web:": "'web:' is neither module:attr nor file.py:attr",
    "serve wbe.py": "there is no file wbe.py (looked in HERE); did you mean web.py?",
    "serve sub/utils.py": "there is no file sub/utils.py (looked in HERE); did you mean "
    "sub/util.py?",
    "serve ./web": "there is no file ./web (looked in HERE); did you mean web.py?",
    "serve sub:app": "sub is a folder; name the file: sub/app.py:app",
    "serve empty": "no application found in HERE/empty. Looked in app.py, main.py, server.py and a "
    "package's app.py for make_app, create_app, get_app, app, application. Give APP as module:attr "
    "or file.py, or set [tool.tornkit] app in pyproject.toml. To begin with one: tornkit new NAME.",
    "serve": "no application found in HERE. Looked in app.py, main.py, server.py and a package's "
    "app.py for make_app, create_app, get_app, app, application. Give APP as module:attr or "
    "file.py, or set [tool.tornkit] app in pyproject.toml. There is a program to name: chat.py.",
    "serve web.py:make_app 80": "arguments behind -- are for a program, and web.py:make_app is an "
    "application; name the program's file, or use -m MODULE (got 80)",
    # Options that don't fit together, and files.
    "serve web.py --unix-socket s --port 1": "--unix-socket excludes --port and --address; leave "
    "one of them out",
    "serve web.py --keyfile k": "--keyfile needs --certfile",
    "serve web.py --certfile no.pem": "--certfile HERE/no.pem: there is no such file",
    "serve web.py --watch no": "--watch HERE/no: there is no such file or folder",
    "serve web.py --env-file no": "--env-file HERE/no: there is no such file",
    "serve chat.py --certfile c": "--certfile can't be given to a program, which makes its own "
    "server; set it there, or name the application: file.py:make_app",
    "routes web.py --yes": "--yes goes with --check, not with the list",
    # Where to listen. These claim the address, which is the first thing that serving does.
    "serve web.py --address 192.0.2.1": "can't listen on port 8888 of 192.0.2.1: this machine has "
    "no such address",
    "serve web.py --unix-socket web.py": "HERE/web.py exists and is not a socket; choose another "
    "path",
    "serve web.py --unix-socket no/s": "can't listen on the socket HERE/no/s: there is no "
    "such folder; make it first",
}

# pyproject.toml, its lines separated by bars -> what `tornkit serve web.py` says.
TOML = {
    "[tool.tornkit.serve]|prot = 1": "error: HERE/pyproject.toml:2: [tool.tornkit.serve] has no "
    "setting prot; did you mean port? see tornkit serve --help",
    "[tool.tornkit.serve]|uds = 's'": "error: HERE/pyproject.toml:2: [tool.tornkit.serve] has no "
    f"setting uds; use unix-socket{SEE}",
    "[tool.tornkit.serve]||port = 'x'": "error: invalid value for '--port': 'x' is no whole number "
    f"from 0 to 65535; it is set by HERE/pyproject.toml:3{SEE}",
    "[tool.tornkit]|serve.log_level = 'x'": "error: invalid value for '--log-level': 'x' is not "
    "one of 'debug', 'info', 'warning', 'error', 'critical'; it is set by HERE/pyproject.toml:2"
    f"{SEE}",
    "[tool.tornkit.serve]|reload = 'x'": "error: invalid value for '--reload': 'x' is neither true "
    f"nor false; it is set by HERE/pyproject.toml:2{SEE}",
    "[tool.tornkit.serve]|watch = 1": "error: HERE/pyproject.toml:2: watch has to be a path in "
    "quotes, not 1",
    "[tool.tornkit]|port = 1": "warning: HERE/pyproject.toml:2: setting port is not known; it "
    "belongs to [tool.tornkit.serve]",
    "[tool.tornkit]|ap = 'web'": "warning: HERE/pyproject.toml:2: setting ap is not known; did you "
    "mean app?",
    "[tool.tornkit.server]|port = 1": "warning: HERE/pyproject.toml:1: table [tool.tornkit.server] "
    "is not known; did you mean [tool.tornkit.serve]?",
    "[tool": "error: HERE/pyproject.toml is not valid TOML: Expected ']' at the end of a table "
    "declaration (at line 1, column 6)",
}

# A variable of the environment -> what `tornkit serve web.py` says.
VARIABLES = {
    "TORNKIT_PORT=x": "error: invalid value for '--port': 'x' is no whole number from 0 to 65535; "
    f"it is set by TORNKIT_PORT{SEE}",
    "TORNKIT_SERVE_RELOAD=x": "error: invalid value for '--reload': 'x' is neither true nor false; "
    f"it is set by TORNKIT_SERVE_RELOAD{SEE}",
    "TORNKIT_PROT=1": "warning: the variable TORNKIT_PROT sets nothing; did you mean TORNKIT_PORT?",
    "TORNKIT_XYZZY=1": f"warning: the variable TORNKIT_XYZZY sets nothing{SEE}",
    "PORT=x": "error: the variable PORT is 'x', no port (0 to 65535); unset it, or say --port",
}

APP = "from tornado.web import Application, RequestHandler, url\n"


class Broken(NamedTuple):
    """Code, its lines separated by bars; the line that the traceback ends at; the last line."""

    code: str
    line: int | None
    says: str


# broken.py -> what `tornkit routes broken.py` says; of `serve` it is the same.
BROKEN = {
    "syntax": Broken(
        "def make_app(:|    pass",
        1,
        "importing broken failed: SyntaxError: invalid syntax (broken.py, line 1)",
    ),
    "indentation": Broken(
        "def make_app():|pass",
        2,
        "importing broken failed: IndentationError: expected an indented block after function "
        "definition on line 1 (broken.py, line 2)",
    ),
    "package": Broken(
        "import no_such_package|app = 1",
        1,
        "importing broken failed: ModuleNotFoundError: No module named 'no_such_package'; is it "
        "installed for this Python, PYTHON?",
    ),
    "name in a package": Broken(
        "from json import dmups|app = 1",
        1,
        "importing broken failed: ImportError: cannot import name 'dmups' from 'json' "
        f"({Path(os.__file__).parent}/json/__init__.py)",
    ),
    "name": Broken(
        "app = Aplication()",
        1,
        "importing broken failed: NameError: name 'Aplication' is not defined",
    ),
    "in the factory": Broken(
        "def make_app():|    return {}['no']",
        2,
        "calling broken.py:make_app failed: KeyError: 'no'",
    ),
    "in a coroutine": Broken(
        "async def make_app():|    return 1 / 0",
        2,
        "calling broken.py:make_app failed: ZeroDivisionError: division by zero",
    ),
    "exit": Broken(
        "import sys|sys.exit('no db')|app = 1",
        2,
        "importing broken failed: it called sys.exit('no db')",
    ),
    "pattern of a url": Broken(
        f"{APP}def make_app():|    return Application([|        url(r'/boom(', RequestHandler)])",
        4,
        "calling broken.py:make_app failed: the pattern /boom( is no regular expression: missing "
        "), unterminated subpattern at position 5 (broken.py:4)",
    ),
    "pattern of a tuple": Broken(
        f"{APP}app = Application([|    (r'/', RequestHandler),|    (r'/[a-', RequestHandler)])",
        2,
        "importing broken failed: the pattern /[a- is no regular expression: unterminated "
        "character set at position 1 (broken.py:4)",
    ),
    "pattern of a group": Broken(
        f"{APP}app = Application([url(r'/(?P<a>.)(?P<a>.)', RequestHandler)])",
        2,
        "importing broken failed: the pattern /(?P<a>.)(?P<a>.) is no regular expression: "
        "redefinition of group name 'a' as group 2; was group 1 at position 13 (broken.py:2)",
    ),
    "pattern of its own": Broken(
        "import re|app = re.compile('*')",
        2,
        "importing broken failed: the pattern * is no regular expression: nothing to repeat at "
        "position 0 (broken.py:2)",
    ),
    "None": Broken(
        "def make_app(): pass",
        None,
        "broken.py:make_app returned None (is a return missing?), and Tornado can serve only an "
        "Application or another HTTPServerConnectionDelegate",
    ),
    "another kind": Broken(
        "app = {}",
        None,
        "broken.py:app is a dict, not an Application, another HTTPServerConnectionDelegate, or a "
        "function that returns one",
    ),
    "no application": Broken(
        "x = 1",
        None,
        "broken.py has none of make_app, create_app, get_app, app, application; say which "
        "attribute is the application: broken.py:NAME",
    ),
    "program that fails": Broken(
        "if __name__ == '__main__':|    open('/no/such')",
        2,
        "running broken.py failed: FileNotFoundError: [Errno 2] No such file or directory: "
        "'/no/such'",
    ),
    "program that ends": Broken(
        "if __name__ == '__main__':|    pass",
        None,
        "broken.py never started an HTTPServer: it ended before it listened; what it needs as "
        "arguments stands behind --",
    ),
    "program that exits": Broken(
        "import sys|if __name__ == '__main__':|    sys.exit('usage: broken DATABASE')",
        None,
        "broken.py never started an HTTPServer: it exited with usage: broken DATABASE before it "
        "listened; what it needs as arguments stands behind --",
    ),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path.resolve()
    monkeypatch.chdir(folder)
    for name in os.environ:
        if name.startswith("TORNKIT_") or name == "PORT":
            monkeypatch.delenv(name)
    (folder / "web.py").write_text("def make_app(): raise AssertionError\n")
    (folder / "chat.py").write_text("if __name__ == '__main__':\n    raise AssertionError\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "util.py").write_text("x = 1\n")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture
def nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving goes as far as claiming the address."""

    def refuse() -> NoReturn:
        raise AssertionError("it would serve")

    monkeypatch.setattr("tornkit.serve.run.Loop", refuse)


@pytest.fixture
def nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "_serve", lambda config, target, words: 0)


@pytest.fixture
def clean_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what loading an application, or running a program, does to the process."""
    for module in (autoreload, netutil, process, tcpserver, seams):
        for name, value in tuple(vars(module).items()):
            if not name.startswith("__"):
                monkeypatch.setattr(module, name, value)
    server = tcpserver.TCPServer
    monkeypatch.setattr(server, "add_sockets", server.add_sockets)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    yield
    sys.modules.pop("broken", None)


def run(*words: str, **variables: str) -> Result:
    return CliRunner().invoke(tornkit, words, env=variables, prog_name="tornkit")


def neutral(text: str, here: Path) -> str:
    return text.replace(str(here), "HERE").replace(sys.executable, "PYTHON")


def test_table_is_long_enough() -> None:
    assert sum(len(table) for table in (WORDS, TOML, VARIABLES, BROKEN)) >= 80


@pytest.mark.usefixtures("nothing_is_started")
@pytest.mark.parametrize("words", WORDS)
def test_words(here: Path, words: str) -> None:
    result = run(*shlex.split(words))
    assert neutral(result.stderr, here) == f"error: {WORDS[words]}\n"
    assert (result.exit_code in (1, 2), result.stdout) == (True, "")


@pytest.mark.usefixtures("nothing_is_served")
@pytest.mark.parametrize("toml", TOML)
def test_pyproject(here: Path, toml: str) -> None:
    (here / "pyproject.toml").write_text(toml.replace("|", "\n") + "\n")
    result = run("serve", "web.py")
    assert neutral(result.stderr, here) == f"{TOML[toml]}\n"
    assert result.exit_code == (2 if TOML[toml].startswith("error") else 0)


@pytest.mark.usefixtures("nothing_is_served")
@pytest.mark.parametrize("variable", VARIABLES)
def test_environment(here: Path, variable: str) -> None:
    name, _, value = variable.partition("=")
    result = run("serve", "web.py", **{name: value})
    assert neutral(result.stderr, here) == f"{VARIABLES[variable]}\n"
    assert result.exit_code == (2 if VARIABLES[variable].startswith("error") else 0)


@pytest.mark.usefixtures("clean_process")
@pytest.mark.parametrize("what", BROKEN)
def test_broken_code(here: Path, what: str) -> None:
    code, line, says = BROKEN[what]
    (here / "broken.py").write_text(code.replace("|", "\n") + "\n")
    result = run("routes", "broken.py")
    *trace, last = neutral(result.stderr, here).splitlines()
    assert (result.exit_code, result.stdout, last) == (1, "", f"error: {says}")
    places = re.findall(r'^  File "(.*)", line (\d+)', "\n".join(trace), re.MULTILINE)
    assert places == ([] if line is None else [("HERE/broken.py", str(line))])
    assert bool(trace) == (line is not None)


@pytest.mark.usefixtures("nothing_is_started")
def test_port_that_is_taken(here: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run("serve", "web.py", "--port", str(port)).stderr
    who = rf"taken by pid {os.getpid()} \(.+\); stop it"
    if sys.platform != "linux":
        who = "taken; stop what listens there"
    assert re.fullmatch(
        rf"error: port {port} of 127\.0\.0\.1 is {who}, or choose another with --port\n", said
    )


@pytest.mark.usefixtures("nothing_is_started")
def test_port_that_needs_privileges(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, place: object) -> NoReturn:  # the superuser may, and some do
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("socket.socket.bind", refuse)
    assert run("serve", "web.py", "--port", "80").stderr == (
        "error: port 80 of 127.0.0.1 needs privileges that this user lacks; choose one above 1023\n"
    )


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_end_of_watching_is_no_mistake(as_json: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("tornkit.cli.status.time.sleep", interrupt)
    monkeypatch.setattr("tornkit.cli.status.running", lambda pid: [])
    result = run("status", "--watch", *as_json)
    assert (result.exit_code, "Aborted" in result.output) == (0, False)
