"""Command that tells what the engine knows of the installed Tornado, and keeps `texts.json`.

::

    python -m tornkit.engine.fidelity                       what is known, what is not
    python -m tornkit.engine.fidelity --against FOLDER      how the texts differ from those of the
                                                            package in FOLDER (.../tornado)
    python -m tornkit.engine.fidelity --add                 takes the installed texts as known, too

``--add`` is a judgement: whoever uses it has read the differences, and seen that the engine does
what these texts say. Exit codes: 0 all is known, 1 something is not, 2 usage.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import tornado
from tornado import web, websocket  # noqa: F401 - and with them all whose texts are known

from tornkit.engine.fidelity import texts

_PARTS = (texts.ENGINE, texts.ROUTING, texts.SPEEDUPS, texts.WEBSOCKETS)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tornkit.engine.fidelity",
        description="Tell what the engine knows of the installed Tornado.",
    )
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="show what differs")
    parser.add_argument("--add", action="store_true", help="take the installed texts as known")
    options = parser.parse_args(arguments)
    if options.against is not None and not options.against.is_dir():
        parser.error(f"{options.against} is no folder")
    if options.add:
        add()
    strange = {part: texts.unknown(part) for part in _PARTS}
    for part, names in strange.items():
        known = len(texts.known(part)) - len(names)
        print(f"Tornado {tornado.version}, {part}: {known} known, {len(names)} not")
        for name in names:
            print(f"  {name}")
    if options.against is not None:
        for name in dict.fromkeys(name for part in _PARTS for name in texts.known(part)):
            print("".join(difference(name, options.against)), end="")
    return int(any(strange.values()))


def add(data: Path = texts.DATA) -> None:
    """Write the digests of the installed functions into the file, beside those that it has."""
    whole = json.loads(data.read_bytes())
    for part in _PARTS:
        for name, digests in whole[part].items():
            function = texts.found(name)
            absent = texts.ABSENT if function is None else None
            for kind, digest in (
                ("texts", texts.digest_of(function) or absent),
                ("shapes", texts.shape_of(function)),
            ):
                if digest is not None and digest not in digests[kind]:
                    digests[kind].append(digest)
    if tornado.version not in whole["written_for"]:
        whole["written_for"].append(tornado.version)
    data.write_text(json.dumps(whole, indent=1) + "\n")
    texts.known.cache_clear()
    texts.written_for.cache_clear()


def difference(name: str, package: Path) -> Iterator[str]:
    """Lines of the difference between a function of another Tornado and the installed one."""
    module, _, path = name.partition(":")
    file = package.joinpath(*module.split(".")[1:]).with_suffix(".py")
    theirs = _text_in(file, path.split(".")) if file.exists() else ""
    ours = texts.text_of(texts.found(name)) or ""
    return difflib.unified_diff(
        f"{theirs}\n".splitlines(keepends=True),
        f"{ours}\n".splitlines(keepends=True),
        f"{package}: {name}",
        f"{tornado.version}: {name}",
    )


def _text_in(file: Path, path: list[str]) -> str:
    """Source text of the function at a dotted path in a file; empty if it has none."""
    source = file.read_text()
    node: ast.AST | None = ast.parse(source)
    for part in path:
        inside = ast.iter_child_nodes(node) if node is not None else ()
        # The last: those before it are overloads.
        node = max((each for each in inside if _name(each) == part), key=_line, default=None)
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ""
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _name(node: ast.AST) -> str | None:
    named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return node.name if isinstance(node, named) else None


if __name__ == "__main__":
    sys.exit(main())
