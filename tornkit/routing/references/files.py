"""Search for template files that hold ``reverse_url``.

All files of the template folders whose suffix is one that templates have, and whatever the code
names: in ``self.render("page.html")``, found in a template folder or, as where there is no
``template_path`` (``RequestHandler.render_string``), beside the file that says so; then what
those extend, include, or render as a module, found as ``tornado.template.Loader`` finds it.
Strings are looked for rather than parsed: a file that is read in vain costs less than a tree of
every module, and one that does not hold the word is of no interest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tornkit.routing.references.templates import loaded

# Not the suffixes of documentation (.md, .rst) or of code: a template folder may be the root of a
# whole project, and an example in its README is no template. What code names may have any.
SUFFIXES = {
    *(".html", ".htm", ".xhtml", ".xml", ".svg", ".atom", ".rss", ".txt", ".csv", ".ics", ".vcf"),
    *(".js", ".css", ".json", ".tex", ".eml", ".mjml", ".tpl", ".tmpl", ".template", ".tornado"),
}
_NO_TEMPLATES_IN = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})
_VIRTUALENV = "pyvenv.cfg"

_RENDERED = re.compile(
    rb"""\brender(?:_string)?\(\s*(?:(?:template_name|path)\s*=\s*)?["']([^"'\n]+)["']"""
)
_NAMED = re.compile(rb"""["']([^"'\n]{1,250}\.[a-z]{1,10})["']""")
WORD = b"reverse_url"


@dataclass(frozen=True)
class Template:
    """A template file that was found in the project: its absolute path, and its text as bytes."""

    file: str
    data: bytes


def named_in(source: bytes) -> frozenset[str]:
    """The names of templates that a Python file may render, as it writes them.

    Those that are given to a render call, and those that only look like a template's.
    """
    if b"render" not in source:
        return frozenset()
    names = set(_RENDERED.findall(source))
    names |= {name for name in _NAMED.findall(source) if _has_suffix(name.decode("latin-1"))}
    return frozenset(name.decode(errors="replace") for name in names)


def template_files(folders: Iterable[str], named: Mapping[str, frozenset[str]]) -> list[Template]:
    """The template files that hold ``reverse_url``, in the order of their paths.

    :param folders: the template folders.
    :param named: for the folder of a Python file, the names that code there renders.
    """
    roots = [os.path.normpath(Path(folder).absolute()) for folder in folders]
    waiting = [(root, file) for root in roots for file in _below(root)]
    for beside, names in named.items():
        waiting += (each for name in names for each in _placed(name, [*roots, beside]))
    found: dict[str, Template] = {}
    seen: set[str] = set()
    while waiting:
        root, file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        try:
            data = Path(file).read_bytes()
        except OSError:  # named, and not there: Tornado's to complain about
            continue
        if WORD in data:
            found[file] = Template(file, data)
        for name in loaded(data.decode(errors="replace")):
            # As Loader.resolve_path: beside the file that names it, else (a module) in the root.
            waiting += _placed(name, [str(Path(file).parent), root], root)
    return [found[file] for file in sorted(found)]


def _placed(name: str, folders: Iterable[str], root: str | None = None) -> list[tuple[str, str]]:
    """The first file called ``name`` in ``folders``, with the root for what it loads."""
    for folder in folders:
        file = os.path.normpath(Path(folder, name))
        if _is_file(file):
            return [(root or folder, file)]
    return []


def _is_file(file: str) -> bool:
    try:
        return Path(file).is_file()
    except ValueError:  # a null byte in the name
        return False


def _below(root: str) -> Iterator[str]:
    """The files of a folder whose suffix is a template's, without those of packages."""
    for folder, folders, files in os.walk(root):
        if _VIRTUALENV in files:
            folders.clear()
            continue
        folders[:] = (n for n in folders if n not in _NO_TEMPLATES_IN and not n.startswith("."))
        yield from (str(Path(folder, name)) for name in files if _has_suffix(name))


def _has_suffix(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES
