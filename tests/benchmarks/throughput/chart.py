"""The requests a second as an SVG, for a page that may be light or dark.

A panel for each case, two beside each other, a bar for each server that was measured, the fastest
first. There is no background, and an image in a page cannot know what it lies on; so every colour
has to do on white and on a dark page's near black, and text is of one middle grey.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from tests.benchmarks.harness import results
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Outcome
from tests.benchmarks.throughput.results import Comparison, Reading, rate

TEXT = "#757d86"
OURS, BASELINE, OTHERS = "#e36209", "#3f83e0", "#8b949e"

_PANEL = 400  # width of a panel, with what is left free beside it
_LABEL = 166  # where the bars begin
_BAR = 172  # the longest bar
_PITCH, _THICK = 16, 11
_HEAD, _FOOT = 26, 14  # above and below the bars of a panel
_NOTE = 15
_STYLE = "font:11px system-ui,-apple-system,'Segoe UI',sans-serif"


def draw(comparison: Comparison) -> str:
    """The whole SVG as text, with the machine and the method below the panels."""
    panels = [(case, _ranking(comparison, case)) for case in comparison.cases]
    rows = [panels[first : first + 2] for first in range(0, len(panels), 2)]
    shapes: list[str] = []
    top = 0
    for row in rows:
        for column, (case, ranking) in enumerate(row):
            body = "".join(_panel(case, ranking))
            shapes.append(f'<g transform="translate({column * _PANEL},{top})">{body}</g>')
        top += _HEAD + _PITCH * max(len(ranking) for _, ranking in row) + _FOOT
    for note in _notes(comparison):
        top += _NOTE
        shapes.append(_text(0, top, note))
    width, height = _PANEL * min(2, len(panels)), top + _NOTE // 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" style="{_STYLE}" fill="{TEXT}">\n'
        "<title>Requests a second</title>\n" + "\n".join(shapes) + "\n</svg>\n"
    )


def _ranking(comparison: Comparison, case: Case) -> list[tuple[Outcome[Reading], float]]:
    """The measured outcomes with their requests a second, the fastest first."""
    medians = [(outcome, outcome.median(rate)) for outcome in comparison.of_case(case)]
    measured = [(outcome, median) for outcome, median in medians if median is not None]
    return sorted(measured, key=lambda pair: -pair[1])


def _panel(case: Case, ranking: list[tuple[Outcome[Reading], float]]) -> Iterator[str]:
    yield _text(0, 14, case.title, 'font-weight="600"')
    fastest = ranking[0][1] if ranking else 1.0
    for index, (outcome, median) in enumerate(ranking):
        top = _HEAD + index * _PITCH
        length = round(_BAR * median / fastest, 1)
        yield _text(_LABEL - 6, top + _THICK - 2, outcome.server.title, 'text-anchor="end"')
        yield (
            f'<rect x="{_LABEL}" y="{top}" width="{length}" height="{_THICK}" rx="2" '
            f'fill="{_colour(outcome)}"/>'
        )
        yield _text(_LABEL + length + 5, top + _THICK - 2, f"{median:,.0f}")


def _colour(outcome: Outcome[Reading]) -> str:
    if not outcome.server.is_rival:
        return OURS
    return BASELINE if outcome.server.name == results.BASELINE else OTHERS


def _notes(comparison: Comparison) -> list[str]:
    machine, settings = comparison.machine, comparison.settings
    return [
        "Requests a second of one process on one core",
        f"median of {settings['rounds']} x {settings['seconds']} s, "
        f"{settings['connections']} connections",
        f"{machine['cpu']}, Python {machine['python']}, {str(machine['time'])[:10]}",
    ]


def _text(x: float, y: float, words: str, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" {attributes}>{escape(words)}</text>'
