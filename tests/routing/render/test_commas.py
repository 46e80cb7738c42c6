from __future__ import annotations

import csv
import io

from tests.routing.render.tables import Home, full, report_of, shown
from tornkit.routing.render import commas

COLUMNS = (
    "index,marks,app,host,host_kind,pattern,methods,name,handler,arguments,kwargs,auth,source,"
    "declared,origin,reverse,findings"
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_all_columns_whether_they_tell_something_or_not() -> None:
    rows, _ = shown(report_of(("/", Home)))
    first, second, rest = commas.document(rows).split("\r\n")
    assert first == COLUMNS
    assert second.startswith("0,,0,,,/,GET,,Home,,,,render/tables.py:")
    assert rest == ""


def test_what_is_written_is_what_is_read() -> None:
    rows, _ = shown(full())
    found = read(commas.document(rows))
    assert len(found) == len(rows)
    for line, row in zip(found, rows, strict=True):
        assert line == {name: row.cell(name) for name in COLUMNS.split(",")}


def test_quotes_and_commas_in_a_pattern() -> None:
    rows, _ = shown(report_of((r'/"a",b{1,3}', Home)))
    text = commas.document(rows, ["pattern"])
    assert text == 'pattern\r\n"/""a"",b{1,3}"\r\n'


def test_the_columns_that_are_asked_for() -> None:
    rows, _ = shown(full())
    assert commas.document(rows[:1], ["name", "index"]) == "name,index\r\nat-host,0\r\n"


def test_no_routes_are_a_heading() -> None:
    assert commas.document([]) == f"{COLUMNS}\r\n"
