"""Which files were read in which state. Loaders are tried in `test_snapshot_imports`."""

from __future__ import annotations

import pytest

from tornkit.serve.sources import sources


class Importing(set[str]):
    """Files, while another thread imports more."""

    def __contains__(self, path: object) -> bool:
        sources.note_held(f"/{sources.count()}.py", "new", f"module{sources.count()}")
        return True


def test_they_are_told_while_another_thread_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_marks", {"/a.py": "1", "/b.py": "2"})
    monkeypatch.setattr(sources, "_names", {"a": "/a.py"})
    assert sources.states(Importing()) == {"/a.py": "1", "/b.py": "2"}
    told = sources.names(Importing())
    assert told["a"] == "/a.py"
