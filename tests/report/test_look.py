"""Looks inside nets as drawings and words: shared scales, real numbers, any kind of net, foreign words."""

import base64
import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import replace

import html5lib
import numpy as np
import numpy.typing as npt
import pytest
import torch
from markupsafe import Markup
from PIL import Image
from torch.nn import functional

from paribus.inference.look import look
from paribus.nets.build import build
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import layer_table
from paribus.report import look_raster
from paribus.report.charts.svg import Drawing, label, node
from paribus.report.html.page import Section
from paribus.report.look_answers import probabilities_csv, seeds_table, share_words
from paribus.report.look_cells import brief, full, sheet
from paribus.report.look_figure import look_drawing
from paribus.report.look_lesson import convolved, lesson_sections, output_size
from paribus.report.look_lesson_drawings import seen_counts
from paribus.report.look_maps import map_grid, maps_csv
from paribus.report.look_names import first_pixel, look_stem
from paribus.report.look_pixel import pixel_steps
from paribus.report.look_pixel_view import pixel_html
from paribus.report.look_sections import answers_html, layers_html, look_section, seen_html
from paribus.spec import Net
from paribus.standing import Prediction, Voters
from paribus.standing.looks import ImageLook, NetLook

HOSTILE = "<script>alert(1)</script>\x1b[31m \u202e\"'&"
NETS: dict[str, dict[str, object]] = {
    "max": {"blocks": [{"channels": 4, "kernel": 5}, {"channels": 6, "kernel": 3}]},
    "avg": {"blocks": [{"channels": 4, "kernel": 5}, {"channels": 6, "kernel": 3}], "pool": "avg"},
    "valid": {"blocks": [{"channels": 4, "kernel": 5}], "padding": "valid", "activation": "tanh"},
    "bare": {"blocks": [{"channels": 5, "kernel": 4, "stride": 2}], "pool": "none", "activation": "none"},
    "all": {
        "blocks": [{"channels": 4, "kernel": 3}, {"channels": 4, "kernel": 3}],
        "depthwise": True,
        "residual": True,
        "batch_norm": True,
    },
}


@pytest.fixture(scope="module")
def nets() -> dict[str, NetLook]:
    """Nets of several kinds at one image."""
    pixels = np.random.default_rng(7).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    return {name: _net(name, fields, pixels) for name, fields in NETS.items()}


def _net(name: str, fields: dict[str, object], pixels: npt.NDArray[np.uint8]) -> NetLook:
    spec = Net.model_validate(fields)
    table = layer_table(spec, (1, 28, 28), 10)
    net = build(spec, table, initial_weights(table, 3), 3).eval()
    return look(net, pixels, variant=name, seed=3, table=table)


def looked_at(*chosen: NetLook, name: str = "Test image 4 of mnist") -> ImageLook:
    """An image with made-up answers of three seeds."""
    pixels = np.random.default_rng(7).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    said = np.random.default_rng(1).dirichlet(np.ones(10) / 3, 3)
    predictions = tuple(
        Prediction(
            name,
            Voters("study", "d" * 64, net.variant, "mnist", tuple("0123456789"), (0, 1, 2), ("k",) * 3, "n"),
            np.roll(said, place, axis=1),
        )
        for place, net in enumerate(chosen)
    )
    return ImageLook(name, pixels, 4, predictions, chosen)


def valid(body: str) -> None:
    """Refuse a part of a page that is not valid HTML, or has an identity twice."""
    text = f"<!DOCTYPE html><html lang='en'><head><title>x</title></head><body>{body}</body></html>"
    root = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    identities = [identity for element in root.iter() if (identity := element.get("id"))]
    assert len(identities) == len(set(identities))
    named = {
        one
        for element in root.iter()
        for attribute in ("aria-labelledby", "aria-describedby")
        for one in (element.get(attribute) or "").split()
    }
    assert named - {"picking"} <= set(identities), "the page around it has the words on picking"


def image_of(address: str) -> npt.NDArray[np.uint8]:
    """Pixels of a ``data:`` address, RGBA."""
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA"))


def test_shades_stand_for_values_on_a_scale_that_all_share() -> None:
    maps = np.array([[[0.0, 1.0], [-2.0, 4.0]], [[2.0, 0.0], [0.0, 0.0]]], dtype=np.float32)
    pixels = image_of(sheet(maps, 2, 1, (-2.0, 4.0)))
    assert pixels.shape == (2, 5, 4)
    shades = pixels[:, [0, 1, 3, 4], 3] / 255
    assert shades == pytest.approx(np.array([[0, 0.25, 0.5, 0], [0.5, 1, 0, 0]]), abs=0.01)
    assert (pixels[:, 2, 3] == 0).all(), "nothing is drawn between maps"
    (blue, vermillion) = pixels[1, 1, :3].tolist(), pixels[1, 0, :3].tolist()
    assert blue[2] > blue[0]
    assert vermillion[0] > vermillion[2]


def test_maps_of_all_variants_have_one_scale(nets: dict[str, NetLook]) -> None:
    looked = looked_at(nets["max"], nets["avg"])
    least, most = looked.limits("block 1")
    outputs = [net.shown["block 1"] for net in looked.nets]
    assert most == max(float(maps.max()) for maps in outputs)
    assert least <= 0
    html = layers_html(looked)
    assert brief(most) in html
    assert html.count("Shades after block 1") == 1
    rows = list(csv.reader(io.StringIO(maps_csv(looked))))
    assert len(rows) == 1 + sum(maps.size for net in looked.nets for maps in net.shown.values())
    assert [row[0] for row in rows[1 :: len(rows) - 2]] == ["max", "avg"]
    assert float(rows[1][6]) == float(outputs[0][0, 0, 0])


@pytest.mark.parametrize(("channels", "across"), [(1, 4), (16, 4), (17, 8), (64, 8), (65, 16), (500, 16)])
def test_maps_are_laid_out_in_a_grid_of_the_given_width(channels: int, across: int) -> None:
    grid = map_grid((channels, 14, 14), 320.0)
    assert grid.across == across
    assert grid.width == pytest.approx(320)
    assert grid.channels == min(channels, 128)
    left, top = grid.corner(grid.channels - 1)
    assert 0 <= left < grid.width
    assert top + 14 * grid.pixel == pytest.approx(grid.height)


@pytest.mark.parametrize("name", NETS)
def test_every_kind_of_net_has_its_parts_and_its_lesson(name: str, nets: dict[str, NetLook]) -> None:
    looked = looked_at(nets[name], nets["max"] if name != "max" else nets["avg"])
    names = tuple(net.variant for net in looked.nets)
    parts = [seen_html(looked), answers_html(looked, names), layers_html(looked, live=True)]
    for number, net in enumerate(looked.nets):
        pixel = first_pixel(looked, net)
        if pixel is not None:
            parts.append(pixel_html(looked, net, pixel, prefix=f"{number}-"))
            assert pixel_steps(pixel)[-1].value == pytest.approx(pixel.value, abs=1e-4)
    valid("".join(map(str, parts)))
    sections = lesson_sections(looked, names)
    assert [section.identity for section in sections] == [
        "numbers",
        "convolution",
        "padding",
        "stride",
        "activation",
        "pooling",
        "size",
        "classes",
    ]
    valid("".join(str(section.body) for section in sections))
    for section in sections:
        assert "<svg" in section.body or section.identity == "size"
    drawn = look_drawing(looked, names)
    assert look_raster.png_file(drawn).startswith(b"\x89PNG")


def test_pictures_of_the_lesson_have_their_numbers_and_files(nets: dict[str, NetLook]) -> None:
    sections = lesson_sections(looked_at(nets["max"]), ("max",))
    figures = [figure for section in sections for figure in _figures(section)]
    assert len(figures) == 10
    for figure in figures:
        files = re.findall(
            r'href="data:([^;]+);[^"]*base64,([^"]+)" download="cnn-[a-z]+\.(csv|svg)"', figure
        )
        assert [kind for *_, kind in files] == ["csv", "svg"]
        lines = list(csv.reader(io.StringIO(base64.b64decode(files[0][1]).decode())))
        assert len(lines) > 1
        assert "<svg" in base64.b64decode(files[1][1]).decode()
        shown = figure.count("<tr>") - 1
        assert shown in (-1, len(lines) - 1), "all of its rows, or none where there are too many"


def _figures(section: Section) -> Iterator[str]:
    yield from re.findall(r"<figure.*?</figure>", str(section.body), re.DOTALL)


@pytest.mark.parametrize(("padding", "stride"), [(0, 1), (2, 1), (2, 2), (0, 3), (1, 2)])
def test_convolutions_of_the_lesson_are_torchs_and_their_size_is_the_formulas(
    padding: int, stride: int
) -> None:
    generator = np.random.default_rng(2)
    image, kernel = generator.random((28, 28)), generator.normal(size=(5, 5))
    found = convolved(image, kernel, 0.25, padding=padding, stride=stride)
    expected = functional.conv2d(
        torch.from_numpy(image)[None, None],
        torch.from_numpy(kernel)[None, None],
        torch.tensor([0.25], dtype=torch.float64),
        padding=padding,
        stride=stride,
    )
    np.testing.assert_allclose(found, expected[0, 0].numpy())
    assert output_size(28, 5, padding, stride).endswith(f"= {len(found)}")


@pytest.mark.parametrize(("side", "padding"), [(3, 1), (5, 2), (5, 0), (4, 1), (1, 0)])
def test_how_often_a_corner_is_seen_is_counted_by_sliding_a_kernel(side: int, padding: int) -> None:
    field, shown = 40, side + 1
    counts = np.zeros((field + 2 * padding,) * 2, dtype=int)
    for row in range(field + 2 * padding - side + 1):
        for column in range(field + 2 * padding - side + 1):
            counts[row : row + side, column : column + side] += 1
    expected = counts[padding : padding + shown, padding : padding + shown]
    np.testing.assert_array_equal(seen_counts(side, padding, shown), expected)


def test_foreign_words_stay_words(nets: dict[str, NetLook]) -> None:
    hostile = replace(nets["max"], variant=HOSTILE)
    looked = looked_at(hostile, nets["avg"], name=HOSTILE)
    classes = (HOSTILE, *"123456789")
    predictions = tuple(
        replace(one, voters=replace(one.voters, classes=classes, variant=net.variant))
        for one, net in zip(looked.predictions, looked.nets, strict=True)
    )
    looked = replace(looked, predictions=predictions, missing={f"{HOSTILE}2": HOSTILE})
    names = (HOSTILE, "avg")
    pixel = first_pixel(looked, hostile)
    assert pixel is not None
    body = Markup().join(
        [
            seen_html(looked),
            answers_html(looked, names),
            layers_html(looked, live=True),
            pixel_html(looked, hostile, pixel),
            *(section.body for section in lesson_sections(looked, names)),
            look_section([("every net is right", looked)], names).body,
        ]
    )
    assert "<script" not in body
    assert not set(str(body)) & set("\x1b\u202e")
    assert "&lt;script&gt;alert(1)" in body
    assert look_stem(looked) == "script-alert-1-script"
    assert "'=1+1" in probabilities_csv(
        [replace(predictions[0], voters=replace(predictions[0].voters, variant="=1+1"))]
    )


def test_every_seed_says_its_own() -> None:
    voters = Voters("s", "d", "max", "mnist", ("zero", "one"), (4, 9), ("k", "l"), "n")
    table = seeds_table(Prediction("x", voters, np.array([[0.25, 0.75], [0.9, 0.1]])), "max")
    cells = [[cell if isinstance(cell, str) else cell.value for cell in row] for row in table.rows]
    assert cells == [["4", "one", pytest.approx(75)], ["9", "zero", pytest.approx(90)]]


@pytest.mark.parametrize(
    ("value", "short", "long"),
    [
        (0.0, "0", "0.0000"),
        (-0.0, "0", "0.0000"),
        (0.001, "≈0", "0.0010"),
        (-0.001, "≈0", "−0.0010"),
        (-1.239, "−1.24", "−1.2390"),
        (9.999, "10.0", "9.9990"),
        (123.4, "123", "123.4000"),
        (-0.00001, "≈0", "0.0000"),
        (math.inf, "∞", "inf"),
    ],
)
def test_values_are_written_as_shortly_as_tells_them(value: float, short: str, long: str) -> None:
    assert (brief(value), full(value)) == (short, long)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0.0 %"), (0.0004, "< 0.1 %"), (0.5, "50.0 %"), (0.9996, "> 99.9 %"), (1.0, "100.0 %")],
)
def test_no_probability_is_rounded_to_certainty(share: float, words: str) -> None:
    assert share_words(share) == words


def test_a_painted_drawing_has_its_parts_where_they_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = Drawing(
        40,
        30,
        (
            node("rect", x=5, y=5, width=10, height=10, css="c0", stroke_width=0),
            node("g", node("rect", x=0, y=0, width=6, height=6, css="c1 open"), transform="translate(20 10)"),
            label(2, 28, "×−≈→", css="small"),
        ),
    )
    for fonts in (look_raster.FONTS, ()):  # with what this machine has, and with the least there is
        monkeypatch.setattr(look_raster, "FONTS", fonts)
        look_raster._face.cache_clear()
        with Image.open(io.BytesIO(look_raster.png_file(drawing))) as picture:
            pixels = np.asarray(picture).astype(int)
        assert pixels.shape == (60, 80, 3)
        assert pixels[20, 20].tolist() == [0, 114, 178]
        assert pixels[20, 40].tolist() == [213, 94, 0]
        assert pixels[26, 46].tolist() == [252, 252, 250], "an open frame is not filled"
        assert (pixels[40:, :30].sum(axis=2) < 300).any(), "words"
    least = look_raster._face(12.0, bold=False)
    assert not look_raster._has(least, "≈")
    assert look_raster._has(least, "a")
    look_raster._face.cache_clear()
