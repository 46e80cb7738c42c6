"""``--diff BASE``: how the table differs from that of a revision or a file.

With a revision both tables are searched for all that ``--check`` would find. A file holds what
was looked for when it was made; of that, the findings that every list has are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tornkit.cli import output
from tornkit.cli.routes import checking, printing
from tornkit.cli.routes.loading import checked
from tornkit.cli.routes.options import Options
from tornkit.cli.routes.revision import Revision, find_revision
from tornkit.cli.target import Words
from tornkit.errors import UsageError
from tornkit.routing.comparing.saved import NotATable, SavedTable, read
from tornkit.routing.findings.codes import CODES, LISTED

if TYPE_CHECKING:
    from tornkit.appload import Target
    from tornkit.appload.load import LoadedApp

# What depends on how busy the machine is would differ for no reason.
_UNSTEADY = ("backtracking",)


@dataclass(frozen=True)
class DiffDemand:
    """Demand for a comparison with a table, or with a revision that is still to be looked at.

    ``codes`` are those that both sides are searched for.
    """

    format: str
    name: str
    base: SavedTable | Revision
    words: Words
    codes: tuple[str, ...]


def demand(asked: Options, words: Words, target: Target) -> DiffDemand:
    """Find the table or revision that ``--diff`` names, before any code of the user's runs.

    :raises UsageError: it is neither a table nor a revision.
    """
    assert asked.diff is not None
    name = asked.diff
    wanted = checking.demand(replace(asked, diff=None, baseline=None)).codes
    steady = {code for code in wanted.codes if CODES[code].family not in _UNSTEADY}
    file = Path(name).expanduser()
    if file.is_file():
        listed = {code for code in steady if CODES[code].family in LISTED}
        return DiffDemand(asked.format, name, _read(file), words, tuple(sorted(listed)))
    folder = Path(target.path).parent if target.path is not None else Path.cwd()
    revision = find_revision(name, folder)
    return DiffDemand(asked.format, name, revision, words, tuple(sorted(steady)))


def run(demand: DiffDemand, loaded: LoadedApp) -> int:
    """Print how the tables differ; return the exit code, 1 if they do."""
    from tornkit.cli.routes import snapshot
    from tornkit.routing.comparing.diff import differences
    from tornkit.routing.render import table_json
    from tornkit.routing.render.differences import ComparedBase, document, lines, markdown

    report = checked(loaded, demand.codes)
    if isinstance(demand.base, Revision):
        folder = snapshot.base_of(demand.base)
        old = snapshot.take(demand.base, demand.words, demand.codes)
        base = ComparedBase(demand.name, old, demand.base.commit)
    else:
        folder = Path.cwd()
        base = ComparedBase(demand.name, demand.base)
    new = read(table_json.document(report, report.routes, folder))
    found = differences(base.table, new, comparable=lambda code: code in demand.codes)
    match demand.format:
        case "json":
            output.result_json(document(found, new, base))
        case "md":
            output.result(markdown(found, new, base))
        case _:
            printing.folding(lines(found, new, base))
    return int(bool(found))


def _read(file: Path) -> SavedTable:
    try:
        return read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--diff {file}: it can't be read: {error}") from None
    except NotATable as error:
        raise UsageError(
            f"--diff {file}: it is not what tornkit routes --format json prints: {error}"
        ) from None
