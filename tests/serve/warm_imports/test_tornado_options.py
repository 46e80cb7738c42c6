"""What a program defines, and what it has parsed, decides what a module becomes."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from types import ModuleType

import pytest
import tornado
import tornado.log
import tornado.options

from tornkit.serve.warm_imports.import_recorder import Recorder


@pytest.mark.parametrize(
    "use",
    [
        "hasattr(tornado.options.options, 'debug')",
        "'debug' in tornado.options.options",
        "tornado.options.options.as_dict()",
        "tornado.options.options.items()",
        "list(tornado.options.options)",
        "tornado.options.define('tk_of_a_module', default=1)",
        "tornado.options.options.logging = 'info'",
        "tornado.options.parse_command_line([], final=False)",
        "tornado.options.add_parse_callback(print)",
        "tornado.log.enable_pretty_logging()",
    ],
)
def test_each_way_to_use_them(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = vars(tornado.options.options)
    for name, kept in (("_options", dict), ("_parse_callbacks", list)):
        monkeypatch.setitem(own, name, kept(own[name]))
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    monkeypatch.setattr(root, "level", root.level)
    before = dict(vars(tornado.options.OptionParser))
    recorder = Recorder({})
    with recorder.recording(), recorder.of(ModuleType("module"), None):
        exec(use, {"tornado": tornado})
    found = recorder.inputs["module"]
    assert found.options
    assert found.never_the_same() == "uses tornado.options"
    assert vars(tornado.options.OptionParser) == before


def test_by_a_module_behind_the_first_import_of_them() -> None:
    """Tornado's own module uses them as well, which is no reason to load it each time."""
    code = """\
import json, sys
from tornkit.serve.warm_imports.import_recorder import Recorder
from types import ModuleType
recorder = Recorder({})
with recorder.recording(), recorder.of(ModuleType("outer"), None):
    assert "tornado.options" not in sys.modules
    with recorder.of(ModuleType("tornado.options"), None):
        import tornado.options
    with recorder.of(ModuleType("inner"), None):
        tornado.options.options.as_dict()
print(json.dumps({name: each.options for name, each in recorder.inputs.items()}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout) == {"outer": False, "tornado.options": False, "inner": True}
