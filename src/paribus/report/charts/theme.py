"""How charts look: colours in light and dark, dashes, markers, and the style sheet made of them.

The hues of variants are those of Okabe & Ito (2008), safe for colour-blind readers. Where one of them has
less than 3:1 contrast to the background, its lightness is changed until it has. Colour is never the only cue:
every variant has a dash and a marker of its own too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

LIGHT: Mapping[str, str] = {
    "surface": "#fcfcfa",
    "raised": "#ffffff",
    "ink": "#1d1f23",
    "muted": "#5b5e66",
    "rule": "#e4e3de",
    "axis": "#84868c",
    "margin": "#e9e7df",
    "accent": "#0067a3",
    "good": "#00704f",
    "bad": "#b34700",
    "warn": "#7d5a00",
    "c0": "#0072b2",
    "c1": "#d55e00",
    "c2": "#009e73",
    "c3": "#c76a9e",
    "c4": "#b97f00",
    "c5": "#1c93d6",
    "c6": "#1d1f23",
    "c7": "#938a0a",
}
DARK: Mapping[str, str] = {
    "surface": "#16181c",
    "raised": "#1d2025",
    "ink": "#e9e7e2",
    "muted": "#a9abb1",
    "rule": "#2d3036",
    "axis": "#7b7e86",
    "margin": "#2c2f36",
    "accent": "#6cbcf0",
    "good": "#3ecb9f",
    "bad": "#ff9a5c",
    "warn": "#e6b545",
    "c0": "#2f8fd0",
    "c1": "#d55e00",
    "c2": "#009e73",
    "c3": "#cc79a7",
    "c4": "#e69f00",
    "c5": "#56b4e9",
    "c6": "#e9e7e2",
    "c7": "#f0e442",
}
"""c0 to c7: blue, vermillion, bluish green, reddish purple, orange, sky blue, black (or white), yellow."""

OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#f0e442")

DASHES = (
    "",
    "7 3",
    "2 3",
    "9 3 2 3",
    "12 4",
    "5 2 1 2 1 2",
    "4 4",
    "1 2",
    "14 3 4 3",
    "6 2 2 2",
    "10 2",
    "3 2",
)
MARKERS = (
    "circle",
    "square",
    "triangle",
    "diamond",
    "triangle-down",
    "cross",
    "star",
    "plus",
    "pentagon",
    "hourglass",
    "hexagon",
    "triangle-left",
)

FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif'

_SHAPES: tuple[tuple[str, str], ...] = (
    ("text", "font:13px FONT;font-variant-numeric:tabular-nums;stroke:none"),
    (".small", "font-size:12px"),
    (".tiny", "font-size:11px"),
    (".strong", "font-weight:600"),
    (".line", "stroke-width:2;stroke-linejoin:round"),
    (".seed", "stroke-width:1.25;stroke-opacity:.6"),
    (".area", "fill-opacity:.16"),
    (".faint", "fill-opacity:.07"),
    (".thin", "stroke-width:1"),
    (".mark", "stroke-width:1.5"),
    (".interval", "stroke-width:2.25"),
    (".pixels", "image-rendering:pixelated"),
    *((f".n{size}", f"font-size:{size}px") for size in range(6, 13)),
    (".halo", "paint-order:stroke;stroke-width:4px;stroke-linejoin:round"),
)
"""What no theme decides: selector and declarations."""


@dataclass(frozen=True)
class SeriesStyle:
    """How one variant is drawn wherever it is drawn.

    Attributes:
        colour: Name of its colour, ``c0`` to ``c7``.
        dash: Its dash, as in ``stroke-dasharray``; empty for a solid line.
        marker: Name of its marker.
    """

    colour: str
    dash: str
    marker: str


def series_style(index: int) -> SeriesStyle:
    """The style of the variant of that index: 24 differ in colour and marker, 288 in one of the three."""
    return SeriesStyle(
        colour=f"c{index % 8}",
        dash=DASHES[(index + index // 24) % len(DASHES)],
        marker=MARKERS[index % len(MARKERS)],
    )


def chart_css() -> str:
    """The rules of inline charts, in terms of the variables of `variables_css`."""
    shapes = _rules(_SHAPES, ".chart ").replace("FONT", "var(--font)")
    return shapes + _rules(_colours(lambda name: f"var(--{name})"), ".chart ")


def variables_css() -> str:
    """The colours as CSS variables, light and dark by the reader's preference."""
    return (
        f":root{{color-scheme:light dark;--font:{FONT};{_declarations(LIGHT)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{_declarations(DARK)}}}}}\n"
    )


def standalone_css() -> str:
    """The rules of a chart in a file of its own, without variables, which many programs do not know."""
    dark = _rules(_colours(DARK.__getitem__))
    return (
        _rules(_SHAPES).replace("FONT", FONT)
        + _rules(_colours({**LIGHT, "surface": "#ffffff"}.__getitem__))
        + f"@media (prefers-color-scheme:dark){{\n{dark}}}\n"
    )


def _declarations(palette: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in palette.items())


def _rules(rules: Iterable[tuple[str, str]], scope: str = "") -> str:
    return "".join(
        f"{','.join(scope + one for one in selector.split(','))}{{{declarations}}}\n"
        for selector, declarations in rules
    )


def _colours(colour: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """The rules that a theme decides: selector and declarations, the later one winning."""
    for index in range(len(OKABE_ITO)):
        yield f".c{index}", f"stroke:{colour(f'c{index}')};fill:{colour(f'c{index}')}"
    yield "text", f"fill:{colour('ink')}"
    yield "text.muted", f"fill:{colour('muted')}"
    yield "text.halo", f"stroke:{colour('surface')}"
    yield ".ink", f"stroke:{colour('ink')};fill:{colour('ink')}"
    yield ".seed", f"stroke:{colour('axis')}"
    yield ".grid", f"stroke:{colour('rule')}"
    yield ".axis", f"stroke:{colour('axis')}"
    yield ".margin", f"fill:{colour('margin')}"
    yield ".heat", f"fill:{colour('c1')}"
    yield ".page,.hollow", f"fill:{colour('surface')}"
    yield ".line,.seed,.interval,.open", "fill:none"
    yield ".area", "stroke:none"
