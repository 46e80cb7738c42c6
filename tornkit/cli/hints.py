"""Advice on words that tornkit does not have: other servers' word for it, or the nearest of ours.

Options, commands, keys of pyproject.toml and variables of the environment share one table, so that
``--bind``, ``bind = …`` and ``TORNKIT_BIND`` are answered alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BACKGROUND = "for the background there are systemd, containers and tmux"
_STDERR = "everything goes to standard error: redirect it (2>file)"

# Words of gunicorn, uvicorn, hypercorn, flask, Django, Node's tools and `tornado.options`; what
# they mean here: an option to use, or a sentence.
_SERVE: Mapping[str, str] = {
    "-p": "--port",
    "-w": "--workers",
    "-n": "--workers",
    "-b": "--address and --port",
    "-a": "--address",
    "-r": "--reload (on by default)",
    "-v": "--log-level debug",
    "-q": "--log-level warning and --no-access-log",
    "-d": _BACKGROUND,
    "-c": "[tool.tornkit.serve] in pyproject.toml",
    "-e": "--env-file",
    "bind": "--address and --port",
    "ip": "--address",
    "hostname": "--address",
    "interface": "--address",
    "listen": "--address and --port",
    "uds": "--unix-socket",
    "socket": "--unix-socket",
    "unix": "--unix-socket",
    "fd": "the sockets of a systemd socket unit are taken by themselves",
    "debug": "reloading and tracebacks are on by default, and --log-level debug shows the log",
    "dev": "reloading is on by default",
    "verbose": "--log-level debug",
    "quiet": "--log-level warning and --no-access-log",
    "logging": "--log-level",
    "log-file": _STDERR,
    "log-file-prefix": _STDERR,
    "error-logfile": _STDERR,
    "access-logfile": _STDERR,
    "log-config": "the application sets up its logging itself, with logging.config",
    "autoreload": "--reload",
    "hot": "--reload",
    "no-autoreload": "--no-reload",
    "production": "--no-reload --workers auto",
    "reload-dir": "--watch",
    "reload-dirs": "--watch",
    "reload-include": "--watch",
    "reload-exclude": "--ignore",
    "reload-engine": "--poll, if the system tells of no changes",
    "exclude": "--ignore",
    "processes": "--workers",
    "num-processes": "--workers",
    "nproc": "--workers",
    "concurrency": "--workers",
    "threads": "--workers (each has one thread, with its event loop)",
    "worker-class": "--loop",
    "worker-connections": "connections are not limited",
    "limit-max-requests": "--max-requests",
    "max-requests-jitter": "--max-requests (it is spread by itself)",
    "timeout": "--hang-timeout, --drain-timeout or --boot-timeout",
    "graceful-timeout": "--drain-timeout",
    "timeout-graceful-shutdown": "--drain-timeout",
    "keep-alive": "it is idle_connection_timeout, which a program gives to its HTTPServer",
    "proxy-headers": "--xheaders",
    "forwarded-allow-ips": "--trusted-downstream, with --xheaders",
    "ssl": "--certfile and --keyfile",
    "https": "--certfile and --keyfile",
    "cert": "--certfile",
    "key": "--keyfile",
    "ssl-certfile": "--certfile",
    "ssl-keyfile": "--keyfile",
    "limit-request-body": "--max-body-size",
    "max-buffer-size": "--max-body-size",
    "preload-app": "--preload",
    "env": "--env-file",
    "dotenv": "--env-file",
    "browser": "--open",
    "open-browser": "--open",
    "app": "APP is the first word, without an option",
    "app-dir": "name the file by its path: folder/file.py:make_app",
    "chdir": "name the file by its path: folder/file.py:make_app",
    "factory": "name the function, as in module:make_app: it is called by itself",
    "config": "[tool.tornkit.serve] in pyproject.toml",
    "settings": "[tool.tornkit.serve] in pyproject.toml",
    "daemon": _BACKGROUND,
    "daemonize": _BACKGROUND,
    "pid": "tornkit status tells the supervisor's",
    "user": "have systemd or a container serve as another user",
}
_ROUTES: Mapping[str, str] = {
    "json": "--format json",
    "csv": "--format csv",
    "markdown": "--format md",
    "openapi": "--format openapi",
    "output": "--format and a redirection (>file)",
    "-o": "--format and a redirection (>file)",
    "-f": "--format",
    "filter": "--grep",
    "search": "--grep",
    "path": "--grep, or --match for one URL",
    "url": "--match",
    "lint": "--check",
    "order": "--sort",
}
# Words of cookiecutter, copier, cargo, django-admin, rails and create-vite.
_NEW: Mapping[str, str] = {
    "-t": "--template",
    "-y": "--yes",
    "-f": "--force",
    "-n": "--dry-run",
    "no-input": "--yes",
    "defaults": "--yes",
    "default": "--yes",
    "quiet": "--yes",
    "noninteractive": "--yes",
    "pretend": "--dry-run",
    "overwrite": "--force",
    "overwrite-if-exists": "--force",
    "skip-if-file-exists": "--skip-existing",
    "skip": "--skip-existing",
    "vcs": "--git or --no-git",
    "skip-git": "--no-git",
    "starter": "--template",
    "type": "--template",
    "kind": "--template",
    "minimal": "--template minimal",
    "site": "--template site",
    "api": "--template api",
    "realtime": "--template realtime",
    "docker": "--with docker",
    "add": "--with",
    "addons": "--with",
    "features": "--with",
    "name": "the name is a word without an option",
    "output-dir": "the name may be a path that ends in it",
}
_UPDATE: Mapping[str, str] = {
    "-f": "--force",
    "-n": "--dry-run",
    "-C": "--project",
    "pretend": "--dry-run",
    "overwrite": "--force",
    "folder": "--project",
    "directory": "--project",
}
_ADD: Mapping[str, str] = {**_UPDATE, "route": "--path", "url": "--path", "ws": "--websocket"}
_OPTIONS = {
    "serve": _SERVE,
    "routes": _ROUTES,
    "new": _NEW,
    "add": _ADD,
    "update": _UPDATE,
}

_COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("run", "runserver", "start", "up", "dev", "watch", "reload"), "serve"),
    **dict.fromkeys(("init", "create", "startproject", "scaffold", "copy"), "new"),
    **dict.fromkeys(("urls", "list", "ls", "show-urls", "show_urls", "routing"), "routes"),
    **dict.fromkeys(("generate", "g", "startapp", "make"), "add handler"),
    **dict.fromkeys(("upgrade", "sync"), "update"),
    **dict.fromkeys(("check", "lint"), "routes --check"),
    **dict.fromkeys(("openapi", "docs"), "routes --format openapi"),
    **dict.fromkeys(("ps", "top", "list-servers"), "status"),
    "version": "--version",
    "help": "--help",
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is probably a slip of.

    >>> nearest("prot", ["port", "poll"])
    'port'
    """
    import difflib  # 2 ms, and mistakes are rare

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return found[0] if found else None


def option_advice(option: str, known: Iterable[str], command: str) -> str | None:
    """Advice on an option that ``command`` does not have: another to use, or the nearest.

    >>> option_advice("--bind", ["--port"], "serve"), option_advice("--prot", ["--port"], "serve")
    ('use --address and --port', 'did you mean --port?')
    """
    return _advice(option.replace("_", "-"), list(known), command)


def setting_advice(key: str, known: Iterable[str], command: str) -> str | None:
    """Advice on an unknown key of pyproject.toml, whose keys are options without dashes.

    >>> setting_advice("workres", ["workers"], "serve"), setting_advice("bind", [], "serve")
    ('did you mean workers?', 'use address and port')
    """
    advice = _advice(f"--{key.replace('_', '-')}", [f"--{each}" for each in known], command)
    return None if advice is None else advice.replace("--", "")


def _advice(option: str, known: list[str], command: str) -> str | None:
    if option in known:
        return f"did you mean {option}?"
    others = _OPTIONS.get(command, {})
    word = option.removeprefix("--")
    meant = others.get(word) or (others.get(word.lower()) if len(option) == 2 else None)
    if meant is None and (near := nearest(option, known)):
        return f"did you mean {near}?"
    if meant is None:
        meant = others.get(nearest(word, others) or "")
    if meant is None:
        return None
    return f"use {meant}" if meant.startswith(("--", "[")) else meant


def command_advice(word: str, known: Iterable[str]) -> str | None:
    """Advice on a word that is no command: another command to run, or the nearest.

    >>> command_advice("runserver", ["serve"]), command_advice("serv", ["serve"])
    ('use tornkit serve', 'did you mean tornkit serve?')
    """
    meant = _COMMANDS.get(word.lower())
    if meant is not None:
        return f"use tornkit {meant}"
    if near := nearest(word, known):
        return f"did you mean tornkit {near}?"
    if ":" in word or "/" in word or word.endswith(".py"):
        return f"use tornkit serve {word}"
    return None
