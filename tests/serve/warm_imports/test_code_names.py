"""Names that a module's code reads, while it is imported and later."""

from __future__ import annotations

import sys
import textwrap
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tornkit.serve.warm_imports import code_names
from tornkit.serve.warm_imports.code_names import EVERYTHING, CodeNames, names_in


def names(source: str) -> CodeNames:
    return names_in(compile(textwrap.dedent(source), "module.py", "exec"))


@pytest.mark.parametrize(
    "source",
    [
        "from conf import DEBUG",
        "from conf import DEBUG as debug",
        "import conf\nVALUE = conf.DEBUG",
        "class Its:\n    from conf import DEBUG",
        "class Its:\n    class Inner:\n        import conf\n        value = conf.DEBUG",
        "import conf\nvalues = [conf.DEBUG for each in 'ab']",
        "import conf\nvalues = list(conf.DEBUG for each in 'ab')",
        "import conf\n@conf.DEBUG\ndef decorated(): pass",
        "import conf\ndef with_default(value=conf.DEBUG): pass",
    ],
)
def test_while_it_is_imported(source: str) -> None:
    found = names(source)
    assert {"conf", "DEBUG"} <= found.at_import <= found.everywhere


@pytest.mark.parametrize(
    "source",
    [
        "import conf\ndef call():\n    return conf.DEBUG",
        "import conf\nclass Its:\n    def call(self):\n        return conf.DEBUG",
        "import conf\ncall = lambda: conf.DEBUG",
        "import conf\nasync def call():\n    return [conf.DEBUG for each in 'ab']",
    ],
)
def test_when_a_function_is_called(source: str) -> None:
    found = names(source)
    assert "conf" in found.at_import
    assert "DEBUG" not in found.at_import
    assert "DEBUG" in found.everywhere


def test_all_of_another_module() -> None:
    assert EVERYTHING in names("from conf import *").at_import
    assert EVERYTHING not in names("VALUE = '*', ('*', 1)").everywhere


def test_they_are_noted_while_a_loader_executes_a_module(tmp_path: Path) -> None:
    path = tmp_path / "noted.py"
    path.write_text("from sys import version as VALUE\n")
    spec = spec_from_file_location("noted", path)
    assert spec is not None
    loader = spec.loader
    assert isinstance(loader, SourceFileLoader)
    module = module_from_spec(spec)
    found: list[CodeNames] = []
    with code_names.noted(loader, found.append):
        loader.exec_module(module)
    assert sys.version == module.VALUE
    assert [sorted(each.at_import & {"sys", "version", "VALUE"}) for each in found] == [
        ["VALUE", "sys", "version"]
    ]
    assert "get_code" not in vars(loader)
    loader.exec_module(module)
    assert len(found) == 1


def test_a_loader_without_code() -> None:
    found: list[CodeNames] = []
    with code_names.noted(object(), found.append):
        pass
    assert not found
