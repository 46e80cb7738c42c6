"""Opens a line of a file in the person's editor.

Which arguments an editor takes for a line is its own convention, as its manual has it. One that
needs a terminal can't be opened from a browser.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import PurePath

_COLON = ("{file}:{line}",)
_GOTO = ("-g", "{file}:{line}")
_PLUS = ("+{line}", "{file}")
_OPTION = ("--line", "{line}", "{file}")
_SHORT = ("-l", "{line}", "{file}")
_ARGUMENTS = {
    **dict.fromkeys(("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf"), _GOTO),
    **dict.fromkeys(("subl", "sublime_text", "zed", "zeditor", "lapce", "pulsar", "atom"), _COLON),
    **dict.fromkeys(("pycharm", "charm", "idea", "clion", "webstorm", "fleet", "kate"), _OPTION),
    **dict.fromkeys(("gvim", "mvim", "nvim-qt", "gedit", "xed", "pluma", "geany"), _PLUS),
    "emacsclient": ("-n", *_PLUS),
    "mate": _SHORT,
}
# What people call them.
_OTHER_NAMES = {"vscode": "code", "sublime": "subl", "textmate": "mate", "emacs": "emacsclient"}
_WAITS = frozenset({"--wait", "-w", "-nw", "--nofork", "-f"})


def command(editor: str, file: str, line: int) -> list[str] | None:
    """The command that opens a line in ``editor``; None where that is not known to have a window.

    ``editor`` is a name, a command, or a command in which ``{file}`` and ``{line}`` stand.
    """
    try:
        words = shlex.split(editor)
    except ValueError:  # a quotation that does not end
        return None
    if not words:
        return None
    if not any("{file}" in word for word in words):
        words[0] = _OTHER_NAMES.get(words[0], words[0])
        arguments = _ARGUMENTS.get(PurePath(words[0]).name)
        if arguments is None:
            return None
        words = [*(word for word in words if word not in _WAITS), *arguments]
    return [word.replace("{file}", file).replace("{line}", str(line)) for word in words]


def chosen(option: str | None, environment: Mapping[str, str]) -> str | None:
    """The first of option, ``VISUAL``, ``EDITOR`` that is installed and can open lines; or None."""
    for editor in (option, environment.get("VISUAL"), environment.get("EDITOR")):
        if editor and (words := command(editor, "", 1)) and shutil.which(words[0]):
            return editor
    return None


def open_line(editor: str, file: str, line: int) -> int | None:
    """Start the editor at a line; return its process id, None where it can't open the line.

    It is not waited for: whoever reaps this process's children reaps it as well.

    :raises OSError: it can't be started.
    """
    words = command(editor, file, line)
    if words is None or not PurePath(file).is_absolute():
        return None
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    return os.posix_spawnp(words[0], words, os.environ, file_actions=nothing, setpgroup=0)
