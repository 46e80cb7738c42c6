"""Modules whose edits are counted are modules as before to everyone else."""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import pickle
from unittest import mock

from tornkit.engine.fidelity import module_edits, replaced

replaced.prepare()


def test_it_is_pickled_by_its_name() -> None:
    """What pickles a program's functions with their modules knows these by their exact class."""
    assert type(asyncio) is module_edits._Counting
    assert pickle.loads(pickle.dumps(asyncio)) is asyncio
    assert copy.deepcopy({"its": asyncio})["its"] is asyncio


def test_it_is_a_module_by_all_other_means() -> None:
    assert inspect.ismodule(asyncio)
    assert repr(asyncio).startswith("<module 'asyncio' from")
    assert importlib.reload(asyncio.coroutines) is asyncio.coroutines


def test_an_edit_is_counted_and_so_is_what_takes_it_back() -> None:
    before = module_edits.count
    own = asyncio.sleep
    with mock.patch("asyncio.sleep"):
        assert module_edits.count == before + 1
    assert asyncio.sleep is own
    assert module_edits.count > before + 1
    with mock.patch("asyncio.gather"):  # which the engine doesn't use
        pass
    assert module_edits.count == before + 2
