"""Charts read back from their SVG: where things stand, against the numbers they stand for."""

import colorsys
import itertools
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from paribus import data
from paribus.report.charts.axes import apart, scale, short_names, shorten
from paribus.report.charts.figure import NARROW, WIDE, Figure
from paribus.report.charts.theme import DARK, LIGHT, OKABE_ITO, chart_css, series_style, standalone_css
from paribus.report.figures import StudyFigures, study_figures
from paribus.report.html.page import run_paths
from paribus.standing import Evidence, Standing

Predicted = Callable[..., Evidence]
SVG = "{http://www.w3.org/2000/svg}"
STATES = ["one_round", "early", "settled", "troubled", "many", "factorial", "long_names"]


def figures_of(evidence: Evidence) -> StudyFigures:
    return study_figures(evidence, run_paths(evidence.standing))


def drawn(figure: Figure | None, kind: int = 0) -> ET.Element:
    assert figure is not None
    root = ET.Element("svg")
    root.extend(figure.drawings[min(kind, len(figure.drawings) - 1)].elements)
    return root


def number(element: ET.Element, attribute: str) -> float:
    return float(element.get(attribute) or "nan")


def classes(element: ET.Element) -> list[str]:
    return (element.get("class") or "").split()


def axis(
    root: ET.Element, *, along: str = "x", last: float = 1e9, least: float = -1e9
) -> Callable[[float], float]:
    """Values to places, from the printed ticks alone: a straight line through the first and the last."""
    other = "y" if along == "x" else "x"
    ticks = [
        (float((text.text or "").replace("−", "-").replace(",", "")), number(text, along))
        for text in root.iter("text")
        if "muted" in classes(text)
        and re.fullmatch(r"[+−]?[\d,]*\.?\d+", text.text or "")
        and number(text, other) <= last
    ]
    ticks = [(value, place) for value, place in ticks if value >= least]
    (low, start), (high, end) = min(ticks), max(ticks)
    assert high > low
    return lambda value: start + (value - low) / (high - low) * (end - start)


@pytest.mark.parametrize("state", STATES)
def test_every_figure_is_well_formed_in_every_state_and_inside_its_frame(
    state: str, request: pytest.FixtureRequest, mnist: data.Dataset, predicted: Predicted
) -> None:
    figures = list(figures_of(predicted(request.getfixturevalue(state), mnist)))
    assert figures
    assert len({figure.name for figure in figures}) == len(figures)
    for figure in figures:
        assert re.fullmatch(r"[a-z0-9-]+", figure.name)
        root = ET.fromstring(figure.svg_file())
        assert root.find(f"{SVG}title") is not None
        for kind, drawing in enumerate(figure.drawings):
            for element in drawn(figure, kind).iter():
                for attribute, limit in (("x", drawing.width), ("cx", drawing.width), ("x2", drawing.width)):
                    if element.get(attribute) and element.get("transform") is None:
                        assert -0.5 <= number(element, attribute) <= limit + 0.5, (
                            figure.name,
                            element.attrib,
                        )
                for attribute in ("y", "cy", "y2"):
                    if element.get(attribute) and element.get("transform") is None:
                        assert -0.5 <= number(element, attribute) <= drawing.height + 0.5
        assert [round(drawing.width) for drawing in figure.drawings] in (
            [WIDE, NARROW],
            [round(figure.drawings[0].width)],
        )


@pytest.mark.parametrize("kind", [0, 1])
def test_intervals_stand_in_proportion_to_their_numbers(kind: int, settled: Standing) -> None:
    root = drawn(figures_of(Evidence(settled)).intervals, kind)
    place = axis(root)
    bars = [
        line
        for line in root.iter("line")
        if "interval" in classes(line) and number(line, "y1") == number(line, "y2")
    ]
    contrasts = settled.verdict.contrasts
    assert len(bars) == len(contrasts)
    dots = [dot for dot in root.iter("circle") if "mark" in classes(dot)]
    rings = [dot for dot in root.iter("circle") if "open" in classes(dot)]
    assert len(rings) == sum(contrast.rounds for contrast in contrasts)
    for contrast, bar, dot in zip(contrasts, bars, dots, strict=True):
        assert number(bar, "x1") == pytest.approx(place(contrast.low_pp or 0), abs=0.1)
        assert number(bar, "x2") == pytest.approx(place(contrast.high_pp or 0), abs=0.1)
        assert number(dot, "cx") == pytest.approx(place(contrast.difference_pp or 0), abs=0.1)
    margin = next(box for box in root.iter("rect") if "margin" in classes(box))
    assert number(margin, "x") == pytest.approx(place(-0.1), abs=0.1)


def test_what_is_settled_and_what_is_not_differ_in_more_than_colour(
    settled: Standing, early: Standing
) -> None:
    solid = drawn(figures_of(Evidence(settled)).intervals)
    assert all("hollow" not in classes(dot) for dot in solid.iter("circle") if "mark" in classes(dot))
    hollow = drawn(figures_of(Evidence(early)).intervals)
    assert all("hollow" in classes(dot) for dot in hollow.iter("circle") if "mark" in classes(dot))


@pytest.mark.parametrize("kind", [0, 1])
def test_runs_stand_at_their_accuracy_and_the_lines_join_the_runs_of_a_seed(
    kind: int, settled: Standing
) -> None:
    root = drawn(figures_of(Evidence(settled)).rounds, kind)
    place, names = axis(root, least=50), settled.layout.names
    joins = [line for line in root.iter("path") if "seed" in classes(line)]
    assert len(joins) == 5 + 5, "as they are, and less the variant's mean"
    corners = [
        [float(pair.split()[0]) for pair in re.split("[ML]", line.get("d") or "")[1:]] for line in joins
    ]
    for seed in range(5):
        expected = [place(settled.runs[name][seed].accuracy) for name in names]
        assert corners[seed] == pytest.approx(expected, abs=0.1)
    shifts = [
        (corners[5 + seed][index] - corners[5][index])
        / (settled.runs[name][seed].accuracy - settled.runs[name][0].accuracy)
        for index, name in enumerate(names)
        for seed in range(1, 5)
    ]
    assert shifts == pytest.approx([shifts[0]] * len(shifts), rel=0.02), "one scale for all variants"
    middles = [sum(of_seed[index] for of_seed in corners[5:]) for index in range(3)]
    assert middles == pytest.approx([middles[0]] * 3, abs=0.2), "each about its own mean"


@pytest.mark.parametrize("kind", [0, 1])
def test_learning_curves_stand_at_their_means(kind: int, settled: Standing) -> None:
    figures = figures_of(Evidence(settled))
    root = drawn(figures.learning, kind)
    bottom = max(number(line, "y1") for line in root.iter("line") if "axis" in classes(line))
    height = axis(root, along="y", last=40)
    lines = [
        line
        for line in root.iter("path")
        if "line" in classes(line) and "thin" not in classes(line) and "L" in (line.get("d") or "")
    ]
    assert len(lines) == 3
    assert figures.learning is not None
    for name, line in zip(settled.layout.names, lines, strict=True):
        means = [row[2] for row in figures.learning.table.rows if row[0] == name]
        places = [float(pair.split()[1]) for pair in re.split("[ML]", line.get("d") or "")[1:]]
        expected = [
            height(value) - 4 for mean in means if (value := getattr(mean, "value", None)) is not None
        ]
        assert places == pytest.approx(expected, abs=0.1)
        assert max(places) <= bottom


def test_a_diverged_run_does_not_squeeze_the_others(troubled: Standing) -> None:
    figure = figures_of(Evidence(troubled)).rounds
    place = axis(drawn(figure), least=50)
    assert place(97) - place(93) > 300
    assert figure is not None
    assert "diverged run stands at the left edge" in figure.caption


def test_many_contrasts_and_long_names_stay_apart(many: Standing, long_names: Standing) -> None:
    wide = drawn(figures_of(Evidence(many)).learning)
    names = sorted(number(text, "y") for text in wide.iter("text") if (text.text or "").startswith("width-"))
    assert len(names) == 12
    assert min(after - before for before, after in itertools.pairwise(names)) >= 17.9
    rounds = figures_of(Evidence(long_names)).rounds
    for kind in (0, 1):
        shown = [text.text for text in drawn(rounds, kind).iter("text") if "strong" in classes(text)]
        assert len(set(shown)) == 2
        whole = [note.text for text in drawn(rounds, kind).iter("text") for note in text.iter("title")]
        assert set(whole) == set(long_names.layout.names)


def test_twelve_variants_differ_in_colour_and_dash_and_in_marker() -> None:
    styles = [series_style(index) for index in range(12)]
    assert len({(style.colour, style.dash) for style in styles}) == 12
    assert len({style.marker for style in styles}) == 12
    assert len({style.dash for style in styles}) == 12
    assert len({(style.colour, style.dash, style.marker) for style in map(series_style, range(64))}) == 64


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast_of(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_graphics_have_contrast_enough(theme: dict[str, str]) -> None:
    for name in ("ink", "muted", "accent", "good", "bad", "warn"):
        for ground in ("surface", "raised", "margin"):
            if not (name in ("good", "bad", "warn") and ground == "margin"):
                assert contrast_of(theme[name], theme[ground]) >= 4.5, (name, ground)
    for name in (*(f"c{index}" for index in range(8)), "axis"):
        assert contrast_of(theme[name], theme["surface"]) >= 3, name


def hue(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return 360 * colorsys.rgb_to_hls(*parts)[0]


def test_hues_are_those_of_okabe_and_ito_changed_in_lightness_only() -> None:
    for index, original in enumerate(OKABE_ITO):
        for theme in (LIGHT, DARK):
            if original == "#000000":
                continue  # the ink of the theme: nearly black on white, nearly white on black
            away = abs(hue(theme[f"c{index}"]) - hue(original)) % 360
            assert min(away, 360 - away) < 5, (index, theme[f"c{index}"])
            if contrast_of(original, theme["surface"]) >= 3.6:
                assert theme[f"c{index}"] == original


def test_style_sheets_know_every_class_that_charts_use(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    used = {
        name
        for figure in figures_of(predicted(settled, mnist))
        for kind in (0, 1)
        for element in drawn(figure, kind).iter()
        for name in classes(element)
    }
    for sheet in (chart_css(), standalone_css()):
        known = set(re.findall(r"\.([a-z][a-z0-9-]*)(?=[ ,{.:])", sheet))
        assert used <= known


def test_ticks_are_round_and_hold_the_values() -> None:
    for low, high in [(0.0, 0.37), (93.1, 97.2), (-3.0, 5.0), (96.5, 96.5), (-0.002, 0.001)]:
        made = scale([low, high], 0, 100, most_ticks=6)
        assert made.low <= low <= high <= made.high
        assert 2 <= len(made.ticks) <= 8
        texts = [made.tick_text(tick) for tick in made.ticks]
        assert len(set(texts)) == len(texts)
        assert [float(text.replace("−", "-")) for text in texts] == pytest.approx(list(made.ticks))


def test_labels_move_apart_and_stay_inside() -> None:
    moved = apart([50.0, 51.0, 52.0, 10.0], 18, 0, 100)
    assert sorted(moved) == pytest.approx(sorted(moved))
    assert min(b - a for a, b in itertools.pairwise(sorted(moved))) >= 18 - 1e-9
    assert min(moved) >= 0
    assert max(moved) <= 100
    assert moved[3] == 10


def test_short_names_stay_different() -> None:
    names = [f"{'x' * 40}{number}{'y' * 20}" for number in range(12)]
    short = short_names(names, 14)
    assert len(set(short.values())) == 12
    assert all(len(text) <= 14 for text in short.values())
    assert shorten("max-same", 20) == "max-same"
