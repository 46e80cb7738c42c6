"""The chart: well-formed, in proportion, and to be read on a white page and on a dark one."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.benchmarks.throughput import chart
from tests.benchmarks.throughput.cases import CASES
from tests.benchmarks.throughput.made_up import comparison, sample
from tests.benchmarks.throughput.servers import SERVERS

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*samples: tuple[str, str, float | None]) -> ET.Element:
    return ET.fromstring(chart.draw(comparison([sample(*each) for each in samples])))


def words(element: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


def luminance(colour: str) -> float:
    """Relative luminance, as in WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_bars_are_as_long_as_the_rates_say_and_the_fastest_comes_first() -> None:
    svg = drawn(("tornado", "json", 250.0), ("tornkit", "json", 1000.0), ("node", "json", 500.0))
    bars = [(float(bar.attrib["width"]), bar.attrib["fill"]) for bar in svg.iter(f"{SVG}rect")]
    lengths = [length for length, _ in bars]
    assert lengths == [lengths[0], lengths[0] / 2, lengths[0] / 4]
    assert [colour for _, colour in bars] == [chart.OURS, chart.OTHERS, chart.BASELINE]
    titles = [SERVERS[name].title for name in ("tornkit", "node", "tornado")]
    assert [text for text in words(svg) if text in titles] == titles


def test_each_case_has_a_panel_within_the_picture() -> None:
    everything = [
        (server.name, case.name, 123_456.0)
        for case in CASES.values()
        for server in SERVERS.values()
        if server.takes_part_in(case)
    ]
    svg = drawn(*everything)
    panels = svg.findall(f"{SVG}g")
    assert [words(panel)[0] for panel in panels] == [case.title for case in CASES.values()]
    places = {panel.attrib["transform"] for panel in panels}
    assert len(places) == len(CASES)
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    for panel in panels:
        left, top = map(float, panel.attrib["transform"][len("translate(") : -1].split(","))
        for bar in panel.iter(f"{SVG}rect"):
            assert left + float(bar.attrib["x"]) + float(bar.attrib["width"]) < width
            assert top + float(bar.attrib["y"]) < height


def test_what_was_not_measured_has_no_bar() -> None:
    svg = drawn(("tornado", "json", 250.0), ("node", "json", None))
    assert len(list(svg.iter(f"{SVG}rect"))) == 1
    assert SERVERS["node"].title not in words(svg)
    assert len(list(drawn(("node", "json", None)).iter(f"{SVG}rect"))) == 0


def test_the_words_of_a_machine_are_not_taken_for_markup() -> None:
    assert any("A <fast> & fine CPU" in text for text in words(drawn(("node", "json", 1.0))))


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"])
def test_every_colour_can_be_told_from_a_light_page_and_from_a_dark_one(page: str) -> None:
    assert contrast(chart.TEXT, page) >= 3.9
    for bar in (chart.OURS, chart.BASELINE, chart.OTHERS):
        assert contrast(bar, page) >= 3
