"""A whole file with a string written anew: everything else stays byte for byte."""

from __future__ import annotations

import codecs

import pytest

from tornkit.routing.findings.literal import CannotEdit
from tornkit.routing.findings.rewrite import PythonFile

OLD, NEW, VALUE = '"/a.b"', r'r"/a\.b"', r"/a\.b"


@pytest.mark.parametrize(
    "content",
    [
        b'x = "/a.b"\n',
        b'x = "/a.b"',  # no end of line
        b'y = 1\r\nx = "/a.b"  \r\nz = 2\r\n',
        b'y = 1\rx = "/a.b"\r',
        b'y = 1\nx = "/a.b"\r\nz = 2\n\n\n',
        codecs.BOM_UTF8 + b'x = "/a.b"\n',
        'é = "\U0001f600é", "/a.b"  # ü\n'.encode(),
        b"# coding: latin-1\ny = '\xe9', \"/a.b\" # \xfc\n",
        b"# -*- coding: cp1251 -*-\ny = '\xff', \"/a.b\"\n",
        b'def f():\n\tif True:\n\t\treturn "/a.b"\n\x0c\n',
        b'x = """\n  line\n""", "/a.b"\n',
    ],
)
def test_only_the_string_changes(content: bytes) -> None:
    file = PythonFile(content)
    [position] = [at for at in file.strings if file.string(at) == OLD]
    changed = file.with_strings({position: (NEW, VALUE)})
    assert changed == content.replace(OLD.encode(), NEW.encode())


def test_several_of_different_lengths_on_one_line() -> None:
    file = PythonFile(b'x = ["/a.b", "/a.b", f("/a.b")]\n')
    positions = [at for at in file.strings if file.string(at) == OLD]
    changed = file.with_strings(dict.fromkeys(positions[:2], (NEW, VALUE)))
    assert changed.count(NEW.encode()) == 2
    assert changed.count(OLD.encode()) == 1


def test_a_string_of_several_literals() -> None:
    file = PythonFile(b'x = ("/a"\n     ".b")\n')
    [position] = file.strings
    assert file.string(position) == '"/a"\n     ".b"'


@pytest.mark.parametrize("new", ['r"/other"', "1", "f()", '"', '"/a.b", 1', 'r"/a\\.b")  # ('])
def test_what_would_mean_something_else_is_refused(new: str) -> None:
    file = PythonFile(b'x = "/a.b"\n')
    with pytest.raises(CannotEdit, match="would mean something else"):
        file.with_strings({(1, 4): (new, VALUE)})


def test_a_place_without_a_string() -> None:
    with pytest.raises(CannotEdit, match="no string at line 1"):
        PythonFile(b"x = 1\n").string((1, 4))


@pytest.mark.parametrize("content", [b"x = (", b"\xff = 1", b"x = '\0'", b"# coding: klingon\n"])
def test_what_is_no_python(content: bytes) -> None:
    with pytest.raises(CannotEdit, match="can't be parsed"):
        PythonFile(content)


@pytest.mark.filterwarnings("error")
def test_warnings_about_the_users_strings_are_not_ours() -> None:
    PythonFile(b'x = "\\d"\n')


def test_lines_are_those_that_python_counts() -> None:
    assert PythonFile(b"x = 1\r\n\x0cy = 2\rz = '\xe2\x80\xa8'\n").lines == [
        "x = 1",
        "\x0cy = 2",
        "z = '\u2028'",
    ]
    assert PythonFile(b"x = 1").lines == ["x = 1"]
    assert PythonFile(b"").lines == []
