"""Files and folders of an application's own code and templates: what the checks read.

Python files are known by the modules that are loaded. A program that was run as ``__main__`` is
in `sys.modules` no more, so it is named by whoever ran it, and by the handlers in it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from tornkit.ownership import file_of, is_user_file, real
from tornkit.routing.model import Places


def places(known: Iterable[str], templates: Iterable[object]) -> Places:
    """Return the files and folders of the user's own code and templates.

    Files are those of loaded modules and ``known`` ones, without installed packages'.

    :param known: files beside those of the loaded modules.
    :param templates: folders, as a person may write one: a text or a path, relative or not.
    """
    loaded = (file_of(module) for module in list(sys.modules.values()))
    files = {
        real(file)
        for file in (*known, *filter(None, loaded))
        if file.endswith(".py") and is_user_file(file)
    }
    folders = {os.path.abspath(each) for each in templates if isinstance(each, str | os.PathLike)}  # noqa: PTH100
    return Places(tuple(sorted(files)), tuple(sorted(folders)))
