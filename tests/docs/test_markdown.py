"""A page taken apart."""

from __future__ import annotations

import pytest

from tests.docs.markdown import Heading, parse, stories

PAGE = """\
# A page

See [the bus](bus.md#redis), `[not](a-link.md)` and
[`code`](code.md).

<!-- file: a.py -->
```python
[no](link.md)  # in a block
```

## What it *costs*, `a b` too

A word takes the directive away.

<!-- slow -->
<!-- exit: 1 -->
```console
$ tornkit routes
```

## Twice

- in a list

  ```sh
  ls
  ```

## Twice

<!-- story -->
Here a story begins, and may have a word before its block.

```sh
ls
```
"""


def test_headings_and_their_anchors() -> None:
    page = parse(PAGE)
    assert page.headings[0] == Heading(1, "A page")
    assert page.anchors == {"a-page", "what-it-costs-a-b-too", "twice", "twice-1"}


def test_links_are_those_of_the_text() -> None:
    assert parse(PAGE).links == ["bus.md#redis", "code.md"]


def test_pieces_of_code() -> None:
    assert parse("Say `tornkit new` or `a`.\n\n```sh\n`no`\n```\n").spans == ["tornkit new", "a"]


def test_blocks_have_the_directives_above_them() -> None:
    first, second, third, fourth = parse(PAGE).blocks
    assert (first.language, first.directives) == ("python", {"file": "a.py"})
    assert second.directives == {"slow": "", "exit": "1"}
    assert second.heading == "What it *costs*, `a b` too"
    assert (third.text, third.directives) == ("ls\n", {})
    assert fourth.directives == {"story": ""}
    assert PAGE.splitlines()[second.line - 1] == "```console"


def test_stories_begin_where_a_directive_says_so() -> None:
    assert [len(blocks) for blocks in stories(parse(PAGE))] == [3, 1]


def test_a_block_without_an_end() -> None:
    with pytest.raises(ValueError, match="line 2 has no end"):
        parse("x\n```sh\nls\n")
