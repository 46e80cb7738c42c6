"""A function of Tornado's is known by its text, or by what the text says, and by nothing else."""

from __future__ import annotations

import functools
import json
import linecache
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import tornado
from tornado import web
from tornado.iostream import BaseIOStream, IOStream

from tornkit.engine.fidelity import __main__ as command
from tornkit.engine.fidelity import texts
from tornkit.engine.fidelity.texts import digest_of, shape_of

PARTS = (texts.ENGINE, texts.ROUTING, texts.SPEEDUPS, texts.WEBSOCKETS)


class Sample:
    def plain(self) -> int:
        return 1

    def long(
        self,
        first: int = 0,
    ) -> list[int]:
        """With a docstring.

        whose lines are indented less
        """

        def inner() -> int:
            return first

        return [
            inner(),
        ]

    # Belongs to nobody.

    def after(self) -> None:
        return None


def function_from(text: str, place: Path) -> Any:
    place.write_text(textwrap.dedent(text))
    space: dict[str, Any] = {}
    exec(compile(place.read_text(), str(place), "exec"), space)
    return space["f"]


def test_a_digest_depends_on_the_whole_text_and_no_more(tmp_path: Path) -> None:
    body = "    return [\n        a,\n    ]\n"
    texts = {
        "one": "def f(\n    a=1,\n):\n    '''x'''\n    return [\n        a,\n    ]\n",
        "followed": f"def f(\n    a=1,\n):\n    '''x'''\n{body}\n\nb = 1\n",
        "moved": "\n\ndef f(\n    a=1,\n):\n    '''x'''\n    return [\n        a,\n    ]\n",
        "default": "def f(\n    a=2,\n):\n    '''x'''\n    return [\n        a,\n    ]\n",
        "docstring": "def f(\n    a=1,\n):\n    '''y'''\n    return [\n        a,\n    ]\n",
        "decorated": f"def g(f):\n    return f\n@g\ndef f(\n    a=1,\n):\n{body}",
        "end": "def f(\n    a=1,\n):\n    '''x'''\n    return [\n        a, a\n    ]\n",
    }
    digests = {
        name: digest_of(function_from(text, tmp_path / f"{name}.py"))
        for name, text in texts.items()
    }
    assert digests["one"] == digests["followed"] == digests["moved"]
    assert len(set(digests.values())) == len(texts) - 2


def test_what_has_no_text_has_no_digest() -> None:
    space: dict[str, Any] = {}
    exec("def f(): pass", space)
    assert digest_of(space["f"]) is None
    assert digest_of(len) is None
    assert digest_of(None) is None
    assert digest_of(Sample.plain) != digest_of(Sample.long) != digest_of(Sample.after)


PLAIN = """
def f(a, *b: int, c: str = "x") -> list[str]:
    \"\"\"Say it.\"\"\"
    size: int = len(b)  # as it is
    return [a.strip("x") for each in b if size]
"""


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("Say it.", "Say it otherwise.", True),
        ("  # as it is", "", True),
        ("size: int =", "size =", True),
        (" -> list[str]", "", True),
        ("b: int", "b", True),
        ("return [", "return [\n        ", True),
        ("def f", "async def f", False),
        ('"x") for', '"y") for', False),
        ('"x") for', "1) for", False),
        ("strip", "lstrip", False),
        ("if size", "if not size", False),
        ("*b: int, c", "b: int, *, c", False),
        ('c: str = "x"', 'c: str = "y"', False),
        ("a, *b", "a, /, *b", False),
        ("def f(", "@staticmethod\ndef f(", False),
    ],
)
def test_a_shape_depends_on_what_is_done_and_no_more(
    old: str, new: str, same: bool, tmp_path: Path
) -> None:
    one = function_from(PLAIN, tmp_path / "one.py")
    assert old in PLAIN
    other = function_from(PLAIN.replace(old, new), tmp_path / "other.py")
    other = getattr(other, "__func__", other)

    assert (shape_of(one) == shape_of(other)) is same
    assert shape_of(one) is not None
    assert digest_of(one) != digest_of(other)


def test_true_is_not_one(tmp_path: Path) -> None:
    one = function_from("def f():\n    return 1\n", tmp_path / "one.py")
    true = function_from("def f():\n    return True\n", tmp_path / "true.py")
    assert shape_of(one) != shape_of(true)


def test_a_property_is_what_reads_it() -> None:
    known = texts.known(texts.SPEEDUPS)["tornado.httputil:HTTPServerRequest.cookies"]
    assert digest_of(texts.found("tornado.httputil:HTTPServerRequest.cookies")) in known.texts


@pytest.mark.parametrize("part", PARTS)
def test_all_of_the_installed_tornado_is_known(part: str) -> None:
    assert tornado.version in texts.written_for()
    assert texts.known(part)
    assert texts.unknown(part) == []


def test_what_is_not_there_is_not_known() -> None:
    assert texts.found("tornado.web:RequestHandler.no_such") is None
    assert texts.found("tornado.no_such:function") is None
    assert digest_of(None) is None
    assert shape_of(None) is None


@pytest.mark.parametrize("part", PARTS)
def test_what_somebody_has_wrapped_is_not_known(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in texts.known(part):
        owner_name, _, attribute = name.rpartition("." if "." in name.partition(":")[2] else ":")
        owner = texts.found(owner_name) if ":" in owner_name else sys.modules[owner_name]
        own = vars(owner).get(attribute)
        if own is None:  # in this Tornado
            continue
        function: Any = own.fget if isinstance(own, property) else own

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> None: ...

        with monkeypatch.context() as patch:
            patch.setattr(owner, attribute, wrapped)
            assert texts.unknown(part) == [name]
    assert texts.unknown(part) == []


def test_what_is_inherited_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    own = IOStream.read_from_fd
    monkeypatch.delattr(IOStream, "read_from_fd")
    monkeypatch.setattr(BaseIOStream, "read_from_fd", own)
    assert texts.unknown(texts.WEBSOCKETS) == ["tornado.iostream:IOStream.read_from_fd"]


def test_what_has_lost_its_text_has_no_digest(tmp_path: Path) -> None:
    function = function_from(PLAIN, tmp_path / "one.py")
    (tmp_path / "one.py").unlink()
    linecache.checkcache()
    assert digest_of(function) is None
    shorter = function_from("\n" * 30 + PLAIN, tmp_path / "other.py")
    (tmp_path / "other.py").write_text("f = 1\n")
    linecache.checkcache()
    assert digest_of(shorter) is None
    assert shape_of(shorter) is None


def changed(names: dict[str, str], data: Path) -> Path:
    """The data with other digests for some names: those of another Tornado."""
    whole = json.loads(texts.DATA.read_bytes())
    for name, part in names.items():
        whole[part][name] = {"texts": ["0"], "shapes": ["0"]}
    whole["written_for"] = ["0.1"]
    data.write_text(json.dumps(whole))
    return data


def test_the_command_tells_what_is_unknown_and_takes_it_as_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "tornado.web:RequestHandler.write"
    data = changed({name: texts.SPEEDUPS}, tmp_path / "texts.json")
    monkeypatch.setattr(texts, "DATA", data)
    texts.known.cache_clear()
    texts.written_for.cache_clear()
    try:
        assert command.main([]) == 1
        said = capsys.readouterr().out
        assert f"Tornado {tornado.version}, speedups: 43 known, 1 not\n  {name}\n" in said
        command.add(data)
        assert command.main([]) == 0
        assert texts.written_for() == ("0.1", tornado.version)
        assert len(texts.known(texts.SPEEDUPS)[name].texts) == 2
        before = data.read_text()
        command.add(data)
        assert data.read_text() == before
    finally:
        texts.known.cache_clear()
        texts.written_for.cache_clear()


@pytest.mark.thorough
def test_the_command_shows_how_texts_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "tornado"
    other.mkdir()
    installed = Path(web.__file__)
    text = installed.read_text()
    assert "def get_status(self)" in text
    (other / "web.py").write_text(
        text.replace("def get_status(self)", "def get_status(self, *, x)")
    )
    for file in installed.parent.glob("*.py"):
        if file.name != "web.py":
            (other / file.name).write_text(file.read_text())

    assert command.main(["--against", str(other)]) == 0
    said = capsys.readouterr().out
    assert said.count("\n--- ") == 1
    assert "\n-    def get_status(self, *, x)" in said
    assert "\n+    def get_status(self)" in said


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--against", str(tmp_path / "no")])
    assert ended.value.code == 2
    assert "is no folder" in capsys.readouterr().err


def test_the_data_is_as_the_command_writes_it(tmp_path: Path) -> None:
    copy = tmp_path / "texts.json"
    copy.write_bytes(texts.DATA.read_bytes())
    command.add(copy)
    assert copy.read_bytes() == texts.DATA.read_bytes()
