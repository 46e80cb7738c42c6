"""What is read from a file without importing it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tornkit.appload.survey import USUAL_NAMES, Survey, survey

Look = Callable[[str | bytes], Survey]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def look(text: str | bytes) -> Survey:
        path = tmp_path / "app.py"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return survey(path)

    return look


class TestUsualName:
    @pytest.mark.parametrize("name", USUAL_NAMES)
    @pytest.mark.parametrize(
        "definition",
        [
            "{0} = Application()",
            "{0}: Application = Application()",
            "def {0}(): ...",
            "async def {0}(): ...",
            "def {0}(debug=False, *, db=None, **more): ...",
            "class {0}(Application): ...",
            "from .core import {0}",
            "from .core import build as {0}",
            "import board.core as {0}",
            "if DEBUG:\n    {0} = 1",
            "if DEBUG:\n    pass\nelse:\n    {0} = 1",
            "try:\n    {0} = 1\nexcept ImportError:\n    pass",
            "with open_database():\n    {0} = 1",
        ],
    )
    def test_defined(self, look: Look, definition: str, name: str) -> None:
        assert look(definition.format(name)).usual_name == name

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "def build(): ...",
            "make_app: Callable",  # declared, bound to nothing
            "def make_app(db): ...",  # somebody else's to call
            "def make_app(db, /): ...",
            "def make_app(*, db): ...",
            "def setup():\n    app = 1",
            "class Maker:\n    def make_app(self): ...",
            "print('make_app = 1')",
            "if __name__ == '__main__':\n    app = 1",
        ],
    )
    def test_not_defined(self, look: Look, text: str) -> None:
        assert look(text).usual_name is None

    def test_the_first_in_order_of_the_names_not_of_the_file(self, look: Look) -> None:
        assert look("app = 1\ndef make_app(): ...").usual_name == "make_app"

    def test_one_that_needs_arguments_is_passed_over(self, look: Look) -> None:
        assert look("def make_app(db): ...\napp = make_app(1)").usual_name == "app"


class TestIsProgram:
    @pytest.mark.parametrize(
        "text",
        [
            "if __name__ == '__main__':\n    main()",
            "if '__main__' == __name__:\n    main()",
            "app.listen(8888)",
            "server = HTTPServer(app)\nserver.bind(8888)\nserver.start(0)",
            "server.add_sockets(netutil.bind_sockets(0))",
            "if True:\n    app.listen(8888)",
            "with database():\n    app.listen(8888)",
            "def serve():\n    app.listen(1)\nThread(target=serve).start()",
        ],
    )
    def test_serves_when_run(self, look: Look, text: str) -> None:
        assert look(text).is_program

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "app = 1",
            "def main():\n    app.listen(8888)",
            "async def main():\n    app.listen(8888)",
            "class Server:\n    def run(self):\n        app.listen(8888)",
            "listen(8888)",  # not a method: who knows whose
            "def f():\n    if __name__ == '__main__':\n        pass",
        ],
    )
    def test_does_not(self, look: Look, text: str) -> None:
        assert not look(text).is_program

    def test_both(self, look: Look) -> None:
        found = look("def make_app(): ...\nif __name__ == '__main__':\n    make_app().listen(1)")
        assert found == Survey(usual_name="make_app", is_program=True, does_something=True)


def test_star_import(look: Look) -> None:
    assert look("from core import *").has_star_import
    assert not look("from core import app").has_star_import


class TestWithoutASyntaxTree:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("def make_app():\n    return (", Survey("make_app", False)),
            ("async def make_app():\n    return (", Survey("make_app", False)),
            ("app = Application(\n", Survey("app", False)),
            ("app: Application = Application(\n", Survey("app", False)),
            ("import (\nif __name__ == '__main__':\n    main()", Survey(None, True)),
            ("appetite = (\n    app = 1", Survey(None, False)),
        ],
    )
    def test_syntax_error_is_judged_by_its_text(
        self, look: Look, text: str, expected: Survey
    ) -> None:
        assert look(text) == expected

    def test_bytes_that_are_no_text(self, look: Look) -> None:
        assert look(b"app = 1\n\xff\x00") == Survey("app", False)

    def test_declared_encoding(self, look: Look) -> None:
        assert look("# coding: latin-1\nname = 'é'\napp = 1".encode("latin-1")).usual_name == "app"
