"""The tree in the docstring of `tornkit.errors` is the tree of the classes."""

from __future__ import annotations

import inspect
import re
from typing import Any

from tornkit import errors

# name -> (parent, exit code)
Tree = dict[str, tuple[str, int]]


def drawn() -> Tree:
    """What the docstring draws; an error without a code in brackets has its parent's."""
    tree: Tree = {}
    above: list[str] = []
    text = inspect.getdoc(errors)
    assert text is not None
    for line in text.splitlines():
        found = re.match(r"([ │├└─]*)([A-Z]\w+)(?: \[(\d)\])?(?:  |$)", line.removeprefix("    "))
        if found is None:
            continue
        depth = len(found[1]) // 4
        parent = above[depth - 1] if depth else "Exception"
        code = int(found[3]) if found[3] else tree[parent][1]
        tree[found[2]] = (parent, code)
        above[depth:] = [found[2]]
    return tree


def written() -> Tree:
    """What the classes are."""
    classes: dict[str, Any] = {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, Exception)
    }
    return {name: (each.__base__.__name__, each.exit_code) for name, each in classes.items()}


def test_docstring_draws_the_tree() -> None:
    assert drawn() == written()


def test_str_is_the_line_to_print() -> None:
    assert str(errors.AppRaised("importing web failed", "Traceback")) == "importing web failed"
    assert str(errors.ConflictError("2 files are in the way", ["a", "b"])) == (
        "2 files are in the way"
    )
