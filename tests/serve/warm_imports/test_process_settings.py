"""Settings of the process: what is asked leaves them as they are.

What a module changes of them: `test_warming`.
"""

from __future__ import annotations

import os
import sys

import pytest

from tornkit.serve.warm_imports import process_settings


def test_to_ask_changes_nothing() -> None:
    mask = os.umask(0o027)
    try:
        assert process_settings.current() == process_settings.current()
        assert process_settings.current()["sets the umask"] == 0o027
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)


def test_decimal_is_not_loaded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import decimal

    with decimal.localcontext(decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN)):
        loaded = process_settings.current()
        monkeypatch.delitem(sys.modules, "decimal")
        assert process_settings.current() == loaded
    assert "decimal" not in sys.modules
