"""Imports from a snapshot, each test in an interpreter of its own: loaders are changed for good."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tornkit
from tornkit.serve.sources.snapshot import Snapshot
from tornkit.serve.sources.sources import mark

# Notes what it has read, as a worker does, and says it at the end.
BEFORE = """\
import sys
sys.path[:0] = sys.argv[2:]
from tornkit.serve.sources import snapshot_imports
from tornkit.serve.sources import sources
sources.note_imports()
snapshot_imports.install(int(sys.argv[1]))
"""


class Project:
    """A folder of modules, their snapshot, and code that runs with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshot = Snapshot()

    def write(self, name: str, text: str, at: int = 1000) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        os.utime(path, (at, at))
        return path

    def load(self, **modules: str) -> None:
        """Say that the generation has loaded these: names and their files."""
        for name, file in modules.items():
            path = self.folder / file
            status = path.stat()
            state = mark(status.st_mtime, status.st_size)
            self.snapshot.note({str(path): state}, {name.replace("__", "."): str(path)})
        self.snapshot.read()

    def run(self, code: str) -> str:
        descriptor = self.snapshot.descriptor()
        try:
            result = subprocess.run(
                [
                    *(sys.executable, "-c", BEFORE + textwrap.dedent(code), str(descriptor)),
                    *(str(self.folder), str(Path(tornkit.__file__).parents[1])),
                ],
                pass_fds=[descriptor],
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )
        finally:
            os.close(descriptor)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_what_changed_vanished_or_was_put_in_the_way(project: Project) -> None:
    for name in ("changed", "gone", "in_the_way", "same"):
        project.write(f"{name}.py", f"V = 'old {name}'\n")
        project.load(**{name: f"{name}.py"})
    project.write("package/__init__.py", "V = 'old package'\n")
    project.write("package/part.py", "from . import V as P\nV = P + ' part'\n")
    project.load(package="package/__init__.py", package__part="package/part.py")
    (project.folder / "package" / "part.py").unlink()
    project.write("package/__init__.py", "syntax error", at=2000)
    project.write("changed.py", "V = 'new'\n", at=2000)
    (project.folder / "gone.py").unlink()
    project.write("in_the_way/__init__.py", "V = 'new'\n", at=2000)
    project.write("new.py", "V = 'new'\n", at=2000)
    said = project.run("""
        import changed, gone, in_the_way, same, package.part, new, inspect
        print(changed.V, gone.V, in_the_way.V, same.V, package.part.V, new.V, sep=", ")
        print(inspect.getsource(gone).strip(), package.part.__package__)
        assert sources.states({changed.__file__}) == {changed.__file__: "1000.0:18"}
        assert sources.names({gone.__file__}) == {"gone": gone.__file__}
    """)
    assert said.splitlines() == [
        "old changed, old gone, old in_the_way, old same, old package part, new",
        "V = 'old gone' package",
    ]


def test_a_package_without_a_file_of_its_own_that_was_moved_away(project: Project) -> None:
    project.write("space/inner/part.py", "V = 'part'\n")
    project.write("space/whole/__init__.py", "V = 'whole'\n")
    project.write("stays/old.py", "V = 'old'\n")
    project.load(space__inner__part="space/inner/part.py", stays__old="stays/old.py")
    project.load(space__whole="space/whole/__init__.py")
    project.write("stays/new.py", "V = 'new'\n")
    (project.folder / "space").rename(project.folder / "elsewhere")
    said = project.run("""
        import space.inner.part, space.whole, stays.old, stays.new
        from space.inner import part
        print(part.V, space.whole.V, stays.old.V, stays.new.V, list(space.__path__))
        try:
            import space.other
        except ModuleNotFoundError as error:
            print(error)
    """)
    assert said.splitlines() == [
        f"part whole old new {[str(project.folder / 'space')]}",
        "No module named 'space.other'",
    ]


def test_bytecode_is_of_what_is_in_the_file(project: Project) -> None:
    """That of the old text would be taken for the new one's, and the other way round."""
    project.write("views.py", "V = 'old'\n")
    project.load(views="views.py")
    project.write("views.py", "V = 'new'\n", at=2000)
    assert project.run("import views; print(views.V)") == "old"
    assert not list(project.folder.glob("__pycache__/views*"))
    py_compile.compile(str(project.folder / "views.py"), doraise=True)
    assert project.run("import views; print(views.V)") == "old"


def test_a_program_and_a_file_whose_name_is_no_identifier(project: Project) -> None:
    program = project.write("main-program.py", "if __name__ == '__main__': print('old')\n")
    project.load(unused="main-program.py")
    program.unlink()
    code = f"""
        import runpy
        from importlib.util import module_from_spec, spec_from_file_location
        sources.note({str(program)!r})
        runpy.run_path({str(program)!r}, run_name="__main__")
        spec = spec_from_file_location("main-program", {str(program)!r})
        spec.loader.exec_module(module_from_spec(spec))
        print(list(sources.states(set())))
    """
    assert project.run(code).splitlines() == ["old", str([str(program)])]


def test_whoever_finds_a_module_otherwise_is_left_to_it(project: Project) -> None:
    project.write("views.py", "V = 'old'\n")
    project.load(views="views.py")
    project.write("views.py", "V = 'new'\n", at=2000)
    said = project.run("""
        from importlib.machinery import PathFinder, SourceFileLoader
        class Loader(SourceFileLoader):
            def source_to_code(self, data, path, **options):
                return super().source_to_code(data + b"V += ' and woven'", path, **options)
        class Finder:
            def find_spec(self, name, path=None, target=None):
                spec = PathFinder.find_spec(name, path, target) if name == "views" else None
                if spec is not None:
                    spec.loader = Loader(name, spec.origin)
                return spec
        sys.meta_path.append(Finder())
        sys.meta_path.insert(1, sys.meta_path.pop())
        import views
        print(views.V, type(views.__loader__).__name__)
    """)
    assert said == "old and woven Loader"
