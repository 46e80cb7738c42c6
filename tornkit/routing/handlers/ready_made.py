"""Check of routes to Tornado's own handlers: static files and redirects.

Says only what ``StaticFileHandler.get`` and ``RedirectHandler.get`` certainly do; a subclass that
replaces a part of it is left alone.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tornkit.masking import masked
from tornkit.routing.handlers.forwarding import Given
from tornkit.routing.handlers.given import said
from tornkit.routing.model import Keyword, Route, TargetKind
from tornkit.routing.reading.values import shown

# What makes a static handler serve something else than files of a folder (`StaticFileHandler`).
_SERVES_OTHERWISE = {
    *("initialize", "get", "parse_url_path"),
    *("get_absolute_path", "validate_absolute_path"),
    *("get_content", "get_content_size", "get_modified_time"),
}
# Groups are text. Whether `{0[3]}` finds a character depends on how long it is, and nothing else
# that formatting does depends on the text.
_SAMPLES = ("a" * 100, "1" * 100)
_MAKING = re.compile(rb"mkdir|makedirs|copytree")
_WIDE = re.compile(r"\d{5}")  # `{0:>99999999}` would fill the memory


def unusable_path(route: Route) -> str | None:
    """Fault of a static route whose ``path`` names no folder at all; None without one."""
    path = _static_path(route)
    if path is None or isinstance(path.value, str | os.PathLike):
        return None
    return f"its path is {path.shown}, not the name of a folder, so that every request fails"


def missing_folder(route: Route) -> str | None:
    """Fault of a static route whose folder does not exist now; None without one."""
    path = _static_path(route)
    if path is None or not isinstance(path.value, str | os.PathLike):
        return None
    try:
        # The working directory counts at each request (`StaticFileHandler.get_absolute_path`).
        folder = Path(os.path.abspath(path.value))  # noqa: PTH100 - must be as Tornado does it
        there = folder.exists()
    except (OSError, TypeError, ValueError):  # bytes, a null character, not to be searched
        return None
    if there:
        return None
    return f"its folder {masked(str(folder))} does not exist, so that every request is a 404"


def _static_path(route: Route) -> Keyword | None:
    """Keyword ``path`` of a static route; None without it (TK402), or if it serves other things."""
    served = route.target.kind is TargetKind.STATIC
    if not served or _SERVES_OTHERWISE & set(route.target.overrides):
        return None
    return next((each for each in route.kwargs if each.name == "path"), None)


def beside_a_file(route: Route, files: Iterable[str]) -> str | None:
    """Path of a route's relative static folder beside one of ``files``, if it exists; else None."""
    path = _values(route).get("path")
    if not isinstance(path, str | os.PathLike) or Path(path).is_absolute():
        return None
    beside = (Path(folder, path) for folder in sorted({str(Path(file).parent) for file in files}))
    return next((str(each) for each in beside if each.exists()), None)


def folder_maker(files: Iterable[str]) -> str | None:
    """The first line in these files that makes a folder, as ``upload.py:81``."""
    for file in files:
        try:
            content = Path(file).read_bytes()
            tree = ast.parse(content) if _MAKING.search(content) else ast.Module([], [])
        except (OSError, SyntaxError, ValueError):  # gone, or edited since it was imported
            continue
        lines = []
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                    if _MAKING.fullmatch(name.encode()):
                        lines.append(node.lineno)
                case _:
                    pass
        if lines:
            return f"{Path(file).name}:{min(lines)}"
    return None


def unfillable_redirect(route: Route, groups: Given) -> str | None:
    """Fault of a redirect's ``url``, formatted with the pattern's groups; None without one."""
    if route.target.kind is not TargetKind.REDIRECT:
        return None
    if {"initialize", "get"} & set(route.target.overrides):
        return None
    values = _values(route)
    if "url" not in values:
        return None  # that is TK402
    url = values["url"]
    if type(url) is not str:
        if url is None or type(url) in (bytes, int, float, bool, list, dict, tuple):
            return f"its url is {shown('url', url)}, not a text, so that every request fails"
        return None
    if _WIDE.search(url):
        return None
    reasons = [_unfillable(url, groups, sample) for sample in _SAMPLES]
    if None in reasons:
        return None
    return (
        f"its url {masked(url)!r} can't be filled in ({reasons[0]}), so that every request fails: "
        f"{said(groups)}"
    )


def _unfillable(url: str, groups: Given, sample: str) -> str | None:
    try:
        url.format(*[sample] * groups.count, **dict.fromkeys(groups.names, sample))
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _values(route: Route) -> Mapping[str, object]:
    return {keyword.name: keyword.value for keyword in route.kwargs}
