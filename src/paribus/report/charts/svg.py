"""Elements of SVG, built as a tree so that no text is read as markup; drawings as inline SVG and as files."""

import math
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from markupsafe import Markup

from paribus.report.charts.theme import standalone_css
from paribus.report.terminal import clean

Element = ET.Element

_PADDING = 12
"""Around a drawing in a file of its own."""


@dataclass(frozen=True)
class Drawing:
    """Something drawn, in units that are CSS pixels where it is shown at its own width.

    Attributes:
        width: Width.
        height: Height.
        elements: What is drawn, the lowest first.
    """

    width: float
    height: float
    elements: tuple[Element, ...]


def node(tag: str, /, *children: Element | str, **attributes: str | float) -> Element:
    """An element.

    Args:
        tag: Its name.
        children: Elements, or one text; foreign text is cleaned of control characters.
        attributes: ``css`` stands for ``class``, ``stroke_width`` for ``stroke-width``; numbers are rounded
            to hundredths.
    """
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value != "":
            made.set("class" if name == "css" else name.replace("_", "-"), _written(value))
    for child in children:
        if isinstance(child, str):
            made.text = clean(child)
        else:
            made.append(child)
    return made


def label(x: float, y: float, content: str, *, css: str = "", anchor: str = "", full: str = "") -> Element:
    """A line of text.

    Args:
        x: Where it is anchored.
        y: Its baseline.
        content: The text.
        css: Its classes.
        anchor: ``middle`` or ``end``; the start when left out.
        full: The whole text, where `content` is a short form of it; shown on pointing at it.
    """
    made = node("text", content, x=x, y=y, css=css, text_anchor=anchor)
    if full and full != content:
        made.append(node("title", full))
    return made


def line(x1: float, y1: float, x2: float, y2: float, css: str, dash: str = "") -> Element:
    """A straight line."""
    return node("line", x1=x1, y1=y1, x2=x2, y2=y2, css=css, stroke_dasharray=dash)


def path(points: list[tuple[float, float]], css: str, dash: str = "") -> Element:
    """A line through points."""
    return node("path", d=_through(points), css=css, stroke_dasharray=dash)


def area(upper: list[tuple[float, float]], lower: list[tuple[float, float]], css: str) -> Element:
    """The area between two lines over the same places."""
    return node("path", d=_through([*upper, *reversed(lower)]) + "Z", css=css)


def marker(shape: str, x: float, y: float, radius: float, css: str, note: str = "") -> Element:
    """A marker centred on a point; shapes of one radius look about equally large.

    Args:
        shape: A name of `theme.MARKERS`.
        x: Its centre.
        y: Its centre.
        radius: Half its size.
        css: Its classes.
        note: Shown on pointing at it.
    """
    if shape == "circle":
        made = node("circle", cx=x, cy=y, r=radius, css=css)
    else:
        made = node("path", d=_outline(shape, x, y, radius), css=css)
    if note:
        made.append(node("title", note))
    return made


def inline(drawing: Drawing, *, title: str, description: str, identity: str, css: str) -> Markup:
    """A drawing to stand in an HTML page, whose style sheet has the chart's rules.

    Args:
        drawing: What to show.
        title: Its name.
        description: What it shows, in words.
        identity: Unlike that of any other drawing of the page.
        css: Classes beside ``chart``.
    """
    root = _root(drawing, css=f"chart {css}")
    root.set("aria-labelledby", f"{identity}-title")
    root.set("aria-describedby", f"{identity}-description")
    root.append(node("title", title, id=f"{identity}-title"))
    root.append(node("desc", description, id=f"{identity}-description"))
    root.extend(drawing.elements)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped every text


def standalone(drawing: Drawing, *, title: str, description: str) -> str:
    """A drawing as an SVG file with its own style, light and dark."""
    width, height = drawing.width + 2 * _PADDING, drawing.height + 2 * _PADDING
    root = _root(drawing)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.set("viewBox", f"{-_PADDING} {-_PADDING} {_written(width)} {_written(height)}")
    root.set("width", _written(width))
    root.set("height", _written(height))
    style = ET.SubElement(root, "style")
    root.append(node("title", title))
    root.append(node("desc", description))
    style.text = standalone_css()
    root.append(node("rect", x=-_PADDING, y=-_PADDING, width=width, height=height, css="page"))
    root.extend(drawing.elements)
    return ET.tostring(root, encoding="unicode") + "\n"


def _root(drawing: Drawing, css: str = "") -> Element:
    root = node("svg", css=css, role="img")
    root.set("viewBox", f"0 0 {_written(drawing.width)} {_written(drawing.height)}")
    return root


def _written(value: str | float) -> str:
    if isinstance(value, str):
        return clean(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _through(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_written(x)} {_written(y)}" for x, y in points)


def _outline(shape: str, x: float, y: float, radius: float) -> str:
    if shape in _STROKES:
        return "".join(
            f"M{_written(x + radius * x1)} {_written(y + radius * y1)}"
            f"L{_written(x + radius * x2)} {_written(y + radius * y2)}"
            for x1, y1, x2, y2 in _STROKES[shape]
        )
    return _through([(x + radius * dx, y + radius * dy) for dx, dy in _CORNERS[shape]]) + "Z"


def _regular(corners: int, size: float, turn: float = 0.0) -> tuple[tuple[float, float], ...]:
    """Corners of a regular polygon, the first one at the top unless turned (in parts of a full turn)."""
    angles = [2 * math.pi * (index / corners + turn) for index in range(corners)]
    return tuple((size * math.sin(angle), -size * math.cos(angle)) for angle in angles)


_CORNERS = {
    "square": _regular(4, 1.25, 1 / 8),
    "triangle": _regular(3, 1.35),
    "diamond": _regular(4, 1.3),
    "triangle-down": _regular(3, 1.35, 1 / 2),
    "triangle-left": _regular(3, 1.35, 3 / 4),
    "star": tuple(
        corner
        for outer_and_inner in zip(_regular(5, 1.45), _regular(5, 0.6, 1 / 10), strict=True)
        for corner in outer_and_inner
    ),
    "pentagon": _regular(5, 1.15),
    "hexagon": _regular(6, 1.1),
    "hourglass": ((-1.0, -1.1), (1.0, -1.1), (-1.0, 1.1), (1.0, 1.1)),
}
_STROKES = {
    "cross": ((-0.95, -0.95, 0.95, 0.95), (-0.95, 0.95, 0.95, -0.95)),
    "plus": ((-1.25, 0.0, 1.25, 0.0), (0.0, -1.25, 0.0, 1.25)),
}
