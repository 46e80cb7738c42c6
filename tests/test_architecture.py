"""The invariants of the design: what imports what, and who reaches into Tornado.

What is loaded is asked of a new Python; what is written is read from the syntax trees, so that an
import inside a function counts as well.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import tornkit

PACKAGE = Path(tornkit.__file__).parent
PAGES = ("ARCHITECTURE.md", "docs/processes.md", "docs/decisions.md")

MODULES = {
    ".".join(("tornkit", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def below(*packages: str) -> list[str]:
    """The modules of these packages, by dotted name; every one of tornkit's without any."""
    return [
        name
        for name in MODULES
        if not packages or any(f"{name}.".startswith(f"tornkit.{each}.") for each in packages)
    ]


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_bytes())


def resolved(module: str, node: ast.ImportFrom) -> str:
    """``from ..model import x`` in tornkit.routing.checks.names -> ``tornkit.routing.model``."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    if MODULES[module].name == "__init__.py":
        parts.append("__init__")
    base = parts[: len(parts) - node.level]
    return ".".join([*base, *([node.module] if node.module else [])])


@cache
def imports_of(module: str) -> frozenset[str]:
    """Dotted names that the module imports anywhere; ``from a import b`` counts as a and a.b."""
    found = set()
    for node in ast.walk(tree_of(module)):
        match node:
            case ast.Import(names=aliases):
                found |= {alias.name for alias in aliases}
            case ast.ImportFrom(names=aliases):
                base = resolved(module, node)
                found |= {base, *(f"{base}.{alias.name}" for alias in aliases)}
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if ast.unparse(
                node.func
            ).endswith(("import_module", "__import__")):
                found.add(name)
            case _:
                pass
    return frozenset(found)


def imported_from(module: str, *packages: str) -> set[str]:
    """What the module imports of ``packages``, dotted names."""
    return {
        name
        for name in imports_of(module)
        if any(f"{name}.".startswith(f"{package}.") for package in packages)
    }


def offenders(modules: list[str], *packages: str) -> dict[str, set[str]]:
    """Module -> what it imports of ``packages``, where it does."""
    assert modules
    return {name: found for name in modules if (found := imported_from(name, *packages))}


class TestTheScanItself:
    """A scan that sees nothing would hold every invariant."""

    def test_sees_imports(self) -> None:
        assert imported_from("tornkit.cli.serve", "tornkit.serve.run")  # inside a function
        assert imported_from("tornkit.seams", "tornado")
        assert imported_from("tornkit.__main__", "tornkit.cli")
        assert not imported_from("tornkit.seams", "torn")

    def test_resolves_relative_imports(self) -> None:
        node = ast.parse("from ..model import Route").body[0]
        assert isinstance(node, ast.ImportFrom)
        assert resolved("tornkit.routing.checks.names", node) == "tornkit.routing.model"
        assert resolved("tornkit.routing.checks", node) == "tornkit.routing.model"

    def test_sees_private_names(self) -> None:
        tree = ast.parse(
            "from tornado.web import _Handler\nimport tornado._locale\n"
            "stream._buffer\nself._mine\nself._theirs\nself._mine = 1\n"
            "getattr(stream, '_size')\n__name__\nx.__class__\n"
            "import os\nos._exit(1)\n"  # Python's, not Tornado's
        )
        assert set(private_names(tree)) == {"_Handler", "_locale", "_buffer", "_theirs", "_size"}


# ---- what is loaded ----


def loaded_by(statement: str) -> set[str]:
    """Top-level names in ``sys.modules`` after the statement, in a new Python."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_tornkit_imports_nothing() -> None:
    assert not loaded_by("import tornkit") & {"tornado", "asyncio", "click", "rich", "watchfiles"}


@pytest.mark.parametrize(
    "module",
    [
        "tornkit.appload",
        "tornkit.serve.workforce.backoff",
        "tornkit.serve.workforce.children",
        "tornkit.serve.config",
        "tornkit.serve.workforce.generation",
        "tornkit.serve.wire.messages",
        "tornkit.serve.sockets.sockets",
    ],
)
def test_no_tornado_and_no_loop(module: str) -> None:
    assert not loaded_by(f"import {module}") & {"tornado", "asyncio"}


@pytest.mark.parametrize(
    "module",
    ["tornkit.serve.run", "tornkit.serve.supervisor.supervisor", "tornkit.serve.watching.watcher"],
)
def test_no_tornado_beside_the_watcher(module: str) -> None:
    """Watchfiles brings anyio, and what that imports is not ours to say."""
    assert "tornado" not in loaded_by(f"import {module}")


# ---- what is written ----


def reached_from(module: str) -> list[str]:
    """The modules of tornkit that the module's process may load, itself included.

    Not what the package itself loads for who asks it for ``tornkit.HTTPServer``; that importing
    it loads no Tornado is a test of its own.
    """
    reached = {module}
    waiting = [module]
    while waiting:
        new = (imports_of(waiting.pop()) & MODULES.keys()) - reached - {"tornkit"}
        reached |= new
        waiting += new
    return sorted(reached)


def test_supervisor_runs_no_event_loop_and_no_user_code() -> None:
    supervisors = reached_from("tornkit.serve.run")
    rooms = ("supervisor", "workforce", "nursery", "wire", "loop", "sockets", "watching")
    of_rooms = set(below(*(f"serve.{room}" for room in rooms)))
    assert of_rooms - {f"tornkit.serve.{room}" for room in rooms} <= set(supervisors)
    assert offenders(supervisors, "tornado", "asyncio", "runpy") == {}
    assert not {"tornkit.appload.load", "tornkit.appload.program"} & set(supervisors)


def test_the_engine_loads_no_more_of_regex_than_the_patterns() -> None:
    """What it serves with has to start quickly; the automata and rich do not."""
    loaded = reached_from("tornkit.engine.server")
    assert {name for name in loaded if name.startswith("tornkit.regex.")} == {
        "tornkit.regex.patterns.pattern",
        "tornkit.regex.patterns.prefix",
    }
    assert offenders(loaded, "rich", "click") == {}


# Those that hold more than their own `__init__`.
FOLDERS = {name.rpartition(".")[0] for name in MODULES} & MODULES.keys()


def room_of(module: str) -> str:
    """The folder of a module; the module itself, where folders lie beside it.

    >>> room_of("tornkit.serve.wire.messages"), room_of("tornkit.serve.run")
    ('serve.wire', 'serve.run')
    """
    folder = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    lie_beside = any(each.rpartition(".")[0] == folder for each in FOLDERS)
    return (module if lie_beside else folder).removeprefix("tornkit.")


def arrows(of: Callable[[str], str]) -> dict[str, set[str]]:
    """What imports what, of the package's own modules."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        own = found.setdefault(of(module), set())
        for name in imports_of(module) & MODULES.keys():
            if not is_face_of_another(name, imports_of(module)):
                own.add(of(name))
        own.discard(of(module))
    return found


def is_face_of_another(name: str, imported: frozenset[str]) -> bool:
    """Whether a package is named only because ``from a.b import c`` names a.b too."""
    return MODULES[name].name == "__init__.py" and any(
        each in MODULES and each.startswith(f"{name}.") for each in imported
    )


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """What remains once all that leads to no circle is taken away."""
    left = {name: set(targets) for name, targets in arrows.items()}
    while ends := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in ends:
            del left[name]
    return sorted(left)


def test_there_is_no_circle_of_files() -> None:
    assert circle({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": set()}) == ["a", "b", "c"]
    assert circle(arrows(str)) == []


def test_there_is_no_circle_of_folders() -> None:
    assert circle(arrows(room_of)) == []


def test_arrows_between_folders_are_those_that_are_written_down() -> None:
    lines = (Path(__file__).parent / "arrows.txt").read_text().splitlines()
    written = {
        name: set(targets.split())
        for name, _, targets in (line.partition(":") for line in lines if not line.startswith("#"))
    }
    found = arrows(room_of)
    assert written.keys() == found.keys()
    assert [name for name in found if found[name] != written[name]] == []


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=str)
def test_a_folder_can_be_overlooked(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 20


def test_a_file_fits_into_a_head() -> None:
    assert [n for n in MODULES if len(MODULES[n].read_text().splitlines()) > 400] == []


def test_a_function_of_more_than_a_screen_says_why() -> None:
    said = re.compile(r"# (Longer than a screen|One function)|In one piece")
    silent = []
    for name in MODULES:
        lines = MODULES[name].read_text().splitlines()
        for node in ast.walk(tree_of(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                text = lines[node.lineno - 1 : node.end_lineno]
                if len(text) > 50 and said.search("\n".join(text)) is None:
                    silent.append(f"{name}.{node.name}")
    assert silent == []


def test_each_class_has_a_name_of_its_own() -> None:
    names = [
        node.name
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ClassDef)
    ]
    assert {name for name in names if names.count(name) > 1} == set()


def test_only_main_imports_cli() -> None:
    others = [name for name in below() if name not in below("cli")]
    assert offenders(others, "tornkit.cli").keys() == {"tornkit.__main__"}


def test_only_the_command_line_knows_click_and_rich() -> None:
    """Formatting may make rich's values; only the command line prints them."""
    others = [name for name in below() if name not in below("cli")]
    assert offenders(others, "click") == {}
    assert offenders(others, "rich.console").keys() <= set(below("routing.render"))


WRITES = frozenset(
    {
        *("click.echo", "click.secho", "click.echo_via_pager", "click.clear"),
        *("sys.stdout.write", "sys.stderr.write", "sys.__stderr__.write"),
        *("sys.stdout.buffer", "sys.stderr.buffer", "rich.console.Console", "Console"),
    }
)


def test_one_place_writes_to_the_terminal() -> None:
    """There all text is made printable. `print` is ruff's to find (T20)."""
    found = {
        name
        for name in below()
        for node in ast.walk(tree_of(name))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in WRITES)
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in WRITES)
    }
    # The stopwatch answers its parent in JSON, through a pipe.
    assert found == {"tornkit.cli.output", "tornkit.regex.backtracking.stopwatch"}


# What makes, changes or removes a file or a socket's, as a method or a function of os and tempfile.
# Not what has no name, by which another could reach it: memfd_create, TemporaryFile.
CHANGES_FILES = frozenset(
    {
        *("write_text", "write_bytes", "touch", "truncate", "mkfifo", "mkdir", "makedirs"),
        *("mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory"),
        *("unlink", "rename", "rmdir", "rmtree", "removedirs", "symlink", "symlink_to"),
        *("link", "hardlink_to", "chmod", "fchmod", "lchmod", "chown", "fchown", "bind"),
    }
)
CHANGERS = {
    "tornkit.engine.fidelity.__main__": "its own data, for its maintainers",
    "tornkit.cli.routes.files": "the user's own files, at their word",
    "tornkit.cli.routes.revision": "a folder of `tempfile`'s, which is private",
    "tornkit.cli.routes.snapshot": "in that folder",
    "tornkit.cli.routes.untracked": "links in that folder",
    "tornkit.scaffold.writing": "a project's files, in the user's own folder",
    "tornkit.scaffold.history.__main__": "archives of templates, in a maintainer's checkout",
    "tornkit.serve.control": "in a folder that private_files has looked at",
    "tornkit.serve.user_socket": "in such a folder, too",
    "tornkit.serve.private_files": "whatever else is outside the project",
    "tornkit.serve.zygote.dry_run": "an abstract socket's name, which is no file",
    "tornkit.appload.unbound": "binds nothing, where user code that is only looked at would",
    "tornkit.serve.sockets.sockets": "the socket that --unix-socket or the program names",
}


def test_few_places_change_files() -> None:
    """And each has its reason: another user may have been there first."""
    found = {
        name
        for name in below()
        for node in ast.walk(tree_of(name))
        if (
            isinstance(node, ast.Attribute)
            and node.attr in CHANGES_FILES
            and "signature(" not in ast.unparse(node)
        )
        or (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] == "open"
            and any(mode in ("w", "wb", "a", "ab", "x", "xb", "r+", "r+b") for mode in modes(node))
        )
    }
    assert found == CHANGERS.keys()


def modes(call: ast.Call) -> Iterator[object]:
    """The constants among a call's arguments."""
    for each in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(each, ast.Constant):
            yield each.value


def test_no_function_of_json_is_looked_up_beside_users_code() -> None:
    """A program may put its own in its place, as ``json.dumps = orjson.dumps``."""
    looked_up = {
        name
        for name in below("serve", "bus", "devtools")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr[:4] in ("dump", "load")) == ("json", True)
    }
    assert looked_up == set()


def test_users_code_runs_only_in_workers_and_for_routes() -> None:
    loaders = ("tornkit.appload.load", "tornkit.appload.program")
    others = [name for name in below() if name not in below("appload")]
    # What `rehearsal` loads is a file of tornkit's own.
    allowed = {
        "tornkit.serve.worker.worker",
        "tornkit.serve.worker.program_run",
        "tornkit.serve.zygote.dry_run",
        "tornkit.testing.application",  # in the process of the user's own tests
        *below("cli.routes"),
    }
    assert offenders(others, *loaders).keys() <= allowed


def test_only_the_zygote_forks() -> None:
    found = {
        name
        for name in below()
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"os.fork", "os.forkpty", "pty.fork"}
    }
    assert found <= {"tornkit.serve.zygote.zygote"}
    assert offenders(below(), "multiprocessing", "concurrent.futures") == {}


# Public, whatever they look like: `collections.namedtuple`'s own.
NAMEDTUPLE = {"_replace", "_asdict", "_fields", "_make"}


def private_names(tree: ast.AST) -> Iterator[str]:
    """Names with one underscore that are somebody else's.

    Attributes (also those named to getattr and the like) that neither the module itself nor the one
    of a base class of its classes binds or defines, and what is imported from a private module or
    under a private name.
    """
    own = set(bound_names(tree)).union(*(bound_names(tree_of(base)) for base in bases_of(tree)))
    pythons = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in sys.stdlib_module_names
    }
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(value=owner, attr=name)
                | ast.Call(
                    func=ast.Name(id="getattr" | "hasattr" | "setattr" | "delattr"),
                    args=[owner, ast.Constant(value=str(name)), *_],
                )
            ) if ast.unparse(owner) not in pythons:
                names = [name]
            case ast.Import(names=aliases):
                names = [part for alias in aliases for part in alias.name.split(".")]
            case ast.ImportFrom(module=module, names=aliases):
                names = [*(module or "").split("."), *(alias.name for alias in aliases)]
            case _:
                continue
        for name in names:
            public = name.startswith("__") or name in NAMEDTUPLE
            if name.startswith("_") and not public and name not in own:
                yield name


def bases_of(tree: ast.AST) -> Iterator[str]:
    """Modules of ours from which base classes of a module's classes are imported."""
    nodes = [*ast.walk(tree)]
    names = {
        ast.unparse(base) for each in nodes if isinstance(each, ast.ClassDef) for base in each.bases
    }
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            imported = {alias.asname or alias.name for alias in node.names}
            if imported & names:
                yield node.module


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Private names that the module's own classes have: methods, fields, ``self._x = ...``."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def test_private_parts_of_tornado_are_touched_in_few_places() -> None:
    found = {name: set(private_names(tree_of(name))) for name in below()}
    assert found["tornkit.stream_seams"] >= {"_read_buffer", "_disconnect_on_finish"}
    places = {name for name, names in found.items() if names}
    assert places <= {
        "tornkit.seams",
        "tornkit.stream_seams",
        "tornkit.engine.privates",
        "tornkit.engine.fidelity.variants",
        "tornkit.engine.headers",  # the attributes that `HTTPHeaders` consists of
        "tornkit.engine.websocket.intake",
        "tornkit.engine.websocket.masking",
        "tornkit.engine.websocket.protocol",
        "tornkit.routing.reading.extract",
        "tornkit.routing.reading.targets",
        "tornkit.bus.links.redis.wire",  # of redis-py: a transport whose other side does not read
        "tornkit.bus.links.nats.client",  # of nats-py: messages in the order of the connection
        # Replaces methods of Tornado's, each compared with the text that it was written from.
        *below("engine.speedups"),
        "tornkit.engine.routers.direct",  # likewise, of those that it leaves out
        "tornkit.serve.warm_imports.exit_handlers",  # of Python's `atexit`, `weakref` and the like
        "tornkit.serve.warm_imports.import_recorder",  # of its `warnings`
        "tornkit.serve.warm_imports.environment",  # of Python's `os.environ`
        "tornkit.serve.warm_imports.warm_modules",  # of its own base class
        "tornkit.serve.worker.signals",  # of `asyncio.Runner`: what it does at a Ctrl-C
    }, {name: found[name] for name in places}


@pytest.mark.parametrize("module", ["tornkit.seams", "tornkit.stream_seams"])
def test_seams_list_what_they_touch(module: str) -> None:
    documented = ast.get_docstring(tree_of(module)) or ""
    for name in set(private_names(tree_of(module))):
        shared = name.removesuffix("_size").removesuffix("_lock").rstrip("s")
        assert shared in documented, name


def test_the_map_names_what_there_is() -> None:
    """Each path of ARCHITECTURE.md, and of the pages beside it, leads to a file or folder."""
    root = PACKAGE.parent
    text = "\n".join((root / page).read_text() for page in PAGES)
    named = set(re.findall(r"`((?:[\w.]+/)+(?:[\w]+\.\w+)?|\w+\.py)`", text))
    assert len(named) > 40
    places = {
        *(str(path.relative_to(root)) for path in root.glob("tests/**/*")),
        *(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*")),
    }
    assert {
        name
        for name in named
        if not any(f"/{place}".endswith(f"/{name.rstrip('/')}") for place in places)
    } == set()


def test_the_map_has_each_folder() -> None:
    text = (PACKAGE.parent / "ARCHITECTURE.md").read_text()
    folders = {path.parent.name for path in MODULES.values() if path.parent != PACKAGE}
    small = {"explanations", "rehearsed", "patterns", "automata", "backtracking", "tornkit"}
    assert {name for name in folders if f"{name}/" not in text} <= small
