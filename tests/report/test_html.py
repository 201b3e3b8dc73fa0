"""The report read back as a browser would: valid, complete, self-contained, and equal to ``--json``."""

import base64
import csv
import hashlib
import io
import itertools
import json
import re
import statistics
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import html5lib
import numpy as np
import pytest
from markupsafe import Markup
from PIL import Image

from paribus import data
from paribus.report.html.page import Section, report_html, report_sections
from paribus.report.json_format import as_json, study_document
from paribus.spec import Study, study_digest
from paribus.standing import Activity, Evidence, Failure, Layout, RunningRun, Runs, Standing

Stand = Callable[..., Standing]
Trained = Callable[..., Runs]
Predicted = Callable[..., Evidence]
Element = ET.Element

SECTIONS = ["answer", "intervals", "curves", "seeds", "images", "layers", "runs", "method"]
SVG = "{http://www.w3.org/2000/svg}"


def parse(text: str) -> Element:
    """The document, refused if it is not valid HTML5 syntax."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return root


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def section(root: Element, identity: str) -> Element:
    return next(element for element in root.iter("section") if element.get("id") == identity)


def at(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value at a dotted path of a JSON document."""
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def table_rows(element: Element) -> Iterator[list[Element]]:
    for row in element.iter("tr"):
        yield [cell for cell in row if cell.tag in ("th", "td")]


def file_of(link: Element) -> bytes:
    """What a data link holds."""
    head, content = (link.get("href") or "").split(",", 1)
    return base64.b64decode(content) if head.endswith(";base64") else unquote_to_bytes(content)


STATES = ["untouched", "one_round", "early", "settled", "troubled", "many", "factorial", "long_names"]


@pytest.mark.parametrize("state", STATES)
def test_a_report_is_valid_html_with_every_section_in_every_state(
    state: str, request: pytest.FixtureRequest
) -> None:
    standing: Standing = request.getfixturevalue(state)
    root = parse(report_html(Evidence(standing)))
    assert [element.get("id") for element in root.iter("section")] == SECTIONS
    assert all(words(element) for element in root.iter("section"))
    assert root.get("lang") == "en"
    assert standing.layout.study.name in words(next(root.iter("title")))


@pytest.mark.parametrize("state", STATES)
def test_identities_are_unique_and_everything_that_is_pointed_at_exists(
    state: str, request: pytest.FixtureRequest
) -> None:
    root = parse(report_html(Evidence(request.getfixturevalue(state))))
    identities = [identity for element in root.iter() if (identity := element.get("id"))]
    assert len(identities) == len(set(identities))
    named = [
        identity
        for element in root.iter()
        for attribute in ("aria-labelledby", "aria-describedby")
        for identity in (element.get(attribute) or "").split()
    ]
    local = [href[1:] for link in root.iter("a") if (href := link.get("href") or "").startswith("#")]
    assert {*named, *local} <= set(identities)
    assert {"main", *SECTIONS} <= set(local)


def test_headings_step_down_one_level_at_a_time(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    root = parse(report_html(predicted(settled, mnist)))
    levels = [int(element.tag[1]) for element in root.iter() if re.fullmatch(r"h[1-6]", str(element.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_nothing_is_fetched_and_no_script_can_run(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    text = report_html(predicted(settled, mnist))
    root = parse(text)
    tags = {str(element.tag).removeprefix(SVG) for element in root.iter()}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base", "foreignObject"}
    for element in root.iter():
        attributes = {str(name).lower(): value for name, value in element.attrib.items()}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href", "action", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    style = next(root.iter("style")).text or ""
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"https?://|//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]*", "", text))


def test_the_policy_allows_the_one_style_sheet_and_inline_images_only(settled: Standing) -> None:
    root = parse(report_html(Evidence(settled)))
    policy = next(
        element.get("content") or ""
        for element in root.iter("meta")
        if element.get("http-equiv") == "Content-Security-Policy"
    )
    style = next(root.iter("style")).text or ""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ")[:3] == ["default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:"]
    assert "script" not in policy


@pytest.mark.parametrize("state", STATES)
def test_every_number_that_json_has_is_equal_to_it(state: str, request: pytest.FixtureRequest) -> None:
    standing: Standing = request.getfixturevalue(state)
    document = json.loads(as_json(study_document(standing)))
    root = parse(report_html(Evidence(standing)))
    found: dict[str, int] = {}
    for element in root.iter():
        path = element.get("data-json")
        if not path:
            continue
        found[path] = found.get(path, 0) + 1
        expected = at(document, path)
        if element.tag == "data":
            assert json.loads(element.get("value") or "") == expected
            shown = words(element).replace("−", "-").replace(",", "")
            if not path.endswith("seconds"):
                decimals = len(shown.partition(".")[2])
                assert float(shown) == pytest.approx(expected, abs=0.5000001 * 10**-decimals)
        else:
            assert words(element) == expected
    for index, contrast in enumerate(document["contrasts"]):
        for field in ("difference_pp", "low_pp", "high_pp", "sd_pp"):
            if contrast["difference_pp"] is not None and contrast[field] is not None:
                assert f"contrasts.{index}.{field}" in found
    for index, run in enumerate(document["runs"]):
        if run["accuracy"] is not None:
            assert f"runs.{index}.accuracy" in found
            assert f"runs.{index}.seconds" in found


def test_words_of_the_verdict_are_those_of_json(settled: Standing) -> None:
    document = study_document(settled)
    text = words(section(parse(report_html(Evidence(settled))), "answer"))
    for contrast in document["contrasts"]:
        assert contrast["sentence"] in text
    for note in document["study"]["notes"]:
        assert note in text
    assert text.count("supported") >= len(document["claims"])
    assert document["study"]["digest"] in text


def test_means_and_spreads_of_variants_follow_from_the_runs(settled: Standing) -> None:
    runs = study_document(settled)["runs"]
    rows = list(table_rows(section(parse(report_html(Evidence(settled))), "answer")))[1:4]
    for row in rows:
        values = [run["accuracy"] for run in runs if run["variant"] == words(row[0])]
        mean, deviation, rounds = (float(next(cell.iter("data")).get("value") or "nan") for cell in row[1:4])
        assert mean == pytest.approx(statistics.mean(values))
        assert deviation == pytest.approx(statistics.stdev(values))
        assert rounds == len(values)


def test_curves_follow_from_the_evaluations(settled: Standing) -> None:
    document = study_document(settled)
    root = parse(report_html(Evidence(settled)))
    learning, differences = section(root, "curves").iter("table")
    shown = {(words(row[0]), words(row[1])): row for row in list(table_rows(learning))[1:]}
    for name in ("max-same", "avg-same", "max-valid"):
        for iteration in (500, 3000):
            values = [
                point["accuracy"]
                for run in document["runs"]
                if run["variant"] == name
                for point in run["evaluations"]
                if point["iteration"] == iteration
            ]
            row = shown[name, f"{iteration:,}"]
            mean, low, high = (float(next(cell.iter("data")).get("value") or "nan") for cell in row[2:5])
            half = 2.7764451051977987 * statistics.stdev(values) / 5**0.5  # Student's t, 4 df, 95 %
            assert mean == pytest.approx(statistics.mean(values))
            assert (low, high) == pytest.approx((mean - half, mean + half))
    ends = {words(row[0]): row for row in list(table_rows(differences))[1:]}  # the last one of each contrast
    for contrast in document["contrasts"]:
        row = ends[f"{contrast['b']} − {contrast['a']}"]
        values = [float(next(cell.iter("data")).get("value") or "nan") for cell in row[2:5]]
        assert values == pytest.approx(
            [contrast["difference_pp"], contrast["low_pp"], contrast["high_pp"]]
        ), "the last point of a difference curve is the verdict's interval"


def test_class_differences_follow_from_the_counts(settled: Standing) -> None:
    runs = {name: dict(of) for name, of in settled.runs.items()}
    for seed, record in runs["max-same"].items():
        runs["max-same"][seed] = replace(
            record, correct_per_class=(990 - seed, *record.correct_per_class[1:])
        )
    standing = replace(settled, runs=runs)
    root = parse(report_html(Evidence(standing)))
    table = next(
        table
        for table in section(root, "images").iter("table")
        if words(next(table.iter("caption"))).startswith("max-same − avg-same")
    )
    _, first, second, *_ = table_rows(table)
    rounds = standing.verdict.contrasts[0].rounds
    expected = statistics.mean((990 - seed - 970) / 10 for seed in range(rounds))
    assert float(next(first[1].iter("data")).get("value") or "nan") == pytest.approx(expected)
    assert float(next(second[1].iter("data")).get("value") or "nan") == 0


def test_every_chart_has_a_text_alternative_a_table_and_its_files(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    root = parse(report_html(predicted(settled, mnist)))
    figures = list(root.iter("figure"))
    assert len(figures) == 4 + 3 + 3
    for figure in figures:
        drawings = list(figure.iter(f"{SVG}svg"))
        assert drawings
        for drawing in drawings:
            assert drawing.get("role") == "img"
            title, description = drawing.find(f"{SVG}title"), drawing.find(f"{SVG}desc")
            assert title is not None
            assert description is not None
            assert len(words(description)) > 30
        table = next(figure.iter("table"))
        rows = list(table_rows(table))
        links = {link.get("download", "").rpartition(".")[2]: link for link in figure.iter("a")}
        saved = list(csv.reader(io.StringIO(file_of(links["csv"]).decode())))
        assert len(saved) == len(rows)
        for line, row in zip(saved[1:], rows[1:], strict=True):
            for text, cell in zip(line, row, strict=True):
                number = next(cell.iter("data"), None)
                if number is not None:
                    assert float(text) == float(number.get("value") or "nan")
        drawn = ET.fromstring(file_of(links["svg"]))
        assert drawn.tag == f"{SVG}svg"
        assert "prefers-color-scheme:dark" in (drawn.findtext(f"{SVG}style") or "")
        assert "var(" not in (drawn.findtext(f"{SVG}style") or "")


def test_what_scrolls_is_reachable_by_keyboard_and_named(settled: Standing) -> None:
    root = parse(report_html(Evidence(settled)))
    regions = [element for element in root.iter("div") if "scroll" in (element.get("class") or "").split()]
    assert regions
    for region in regions:
        assert (region.get("role"), region.get("tabindex")) == ("region", "0")
        assert region.get("aria-label")
    for table in root.iter("table"):
        assert words(next(table.iter("caption")))
        assert all(head.get("scope") in ("col", "row") for head in table.iter("th"))


def test_images_that_tell_variants_apart_are_shown_with_what_was_said(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    evidence = predicted(settled, mnist, errors=0)
    rounds = settled.verdict.contrasts[0].rounds
    for seed in range(rounds):
        evidence.predictions["avg-same"][seed][247] = 9  # a 4
    root = parse(report_html(evidence))
    pictures = list(section(root, "images").iter("img"))
    assert mnist.test.labels[247] == 4
    alternative = pictures[0].get("alt") or ""
    assert alternative == (
        f"Test image 247, class 4: max-same is right in {rounds} of {rounds} rounds, "
        f"avg-same in 0 and says 9 in {rounds}."
    )
    content = base64.b64decode((pictures[0].get("src") or "").partition(",")[2])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), mnist.test.images[247, 0])
    assert "Right by max-same, wrong by avg-same" in words(section(root, "images"))


def test_without_the_dataset_the_report_says_why_there_are_no_images(settled: Standing) -> None:
    root = parse(report_html(Evidence(settled)))
    assert not list(root.iter("img"))
    assert "paribus data fetch mnist" in words(section(root, "images"))


def test_confusions_count_every_prediction_of_every_run(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    evidence = predicted(settled, mnist, errors=0)
    threes = np.flatnonzero(mnist.test.labels == 3)[:20]
    for said in evidence.predictions["max-same"].values():
        said[threes] = 5
    root = parse(report_html(evidence))
    table = next(
        table
        for table in section(root, "images").iter("table")
        if words(next(table.iter("caption"))).startswith("Most frequent mistakes of max-same")
    )
    _, row = table_rows(table)
    assert [words(cell) for cell in row] == ["3", "5", "100", f"{100 * 20 / 1010:.2f}"]


def test_layers_show_the_arithmetic_and_mark_what_differs(settled: Standing) -> None:
    layers = section(parse(report_html(Evidence(settled))), "layers")
    text = words(layers)
    assert "⌊(28 + 2·2 − 5) / 1⌋ + 1 = 28" in text
    assert "⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24" in text
    first, _, valid = layers.iter("tbody")
    assert not list(first.iter("mark"))
    marked = {words(mark).replace("∗ (differs)", "") for mark in valid.iter("mark")}
    assert {"16 × 24 × 24", "(10, 512) (10)", "5,130"} <= marked
    assert "(16, 1, 5, 5) (16)" not in marked


def test_trouble_stands_in_the_grid_and_in_words(troubled: Standing) -> None:
    root = parse(report_html(Evidence(troubled)))
    assert "post hoc" in words(next(root.iter("header")))
    runs = section(root, "runs")
    assert "max-valid with seed 3: out of memory at [bold]step 7" in words(runs)
    assert "avg-same with seed 1: diverged (the training loss was nan at iteration 12)" in words(runs)
    states = {words(state) for state in runs.iter("span") if state.get("class") == "run-state"}
    assert states == {"diverged", "failed"}
    assert "4 of its runs were already in the store" in words(section(root, "answer"))


def test_a_running_study_shows_what_is_running_and_the_time_left(early: Standing) -> None:
    activity = Activity(
        1_800_000_000.0, 2, (RunningRun("avg-same", 2, 1500, 0.3456), RunningRun("max-valid", 2)), 754.0
    )
    text = words(section(parse(report_html(Evidence(early, activity=activity))), "runs"))
    assert "running with 2 workers" in text
    assert "avg-same with seed 2, max-valid with seed 2; at most 13 min left" in text
    assert "running, 50 %, loss 0.3456" in text
    assert "running, 0 %" in text


@pytest.mark.parametrize(
    ("state", "identity", "expected"),
    [
        ("untouched", "answer", "Nothing has been trained yet"),
        ("untouched", "intervals", "no difference to show before the first round"),
        ("untouched", "curves", "no curve before the first run"),
        ("untouched", "seeds", "no run to show yet"),
        ("untouched", "runs", "0 recorded"),
        ("one_round", "intervals", "The first interval comes after 3 rounds."),
        ("one_round", "answer", "too early to say"),
        ("long_names", "curves", "measured once, at the end of training"),
        ("many", "answer", "54 further contrasts are in the table under Intervals"),
        ("factorial", "answer", "net.pool = avg (base: max)"),
    ],
)
def test_what_is_not_there_yet_is_said_in_words(
    state: str, identity: str, expected: str, request: pytest.FixtureRequest
) -> None:
    root = parse(report_html(Evidence(request.getfixturevalue(state))))
    assert expected in words(section(root, identity))


QUESTION = "<script>alert(1)</script>\"'&<!-- ]]> {{ 7*7 }} \u202eRTL \x1b[31m\x00 שלום"
HOSTILE = f"{QUESTION} \ud800"


def test_foreign_text_stays_text(
    pooling: Layout, troubled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    study = Study(**{**pooling.study.model_dump(mode="json", exclude_defaults=True), "question": QUESTION})
    entry = replace(
        pooling.data,
        classes=("</title><img src=x onerror=alert(1)>", '"><b>', "=1+1", "שלום", *pooling.data.classes[4:]),
        title=HOSTILE,
    )
    layout = replace(pooling, study=study, data=entry)
    runs = {
        name: {seed: replace(one, environment={HOSTILE: HOSTILE}) for seed, one in of.items()}
        for name, of in troubled.runs.items()
    }
    failure = Failure("max-valid", 3, HOSTILE)
    standing = replace(troubled, layout=layout, runs=runs, failures=(failure,))
    text = report_html(predicted(standing, mnist), asked=["a; rm -rf ~ <b>.toml"])
    assert not set(text) & set("\x00\x1b\u202e\ud800")
    root = parse(text)
    tags = {str(element.tag).removeprefix(SVG) for element in root.iter()}
    assert not tags & {"script", "b"}
    assert all(not name.startswith("on") for element in root.iter() for name in map(str, element.attrib))
    heading = words(next(root.iter("h1")))
    assert heading.startswith("<script>alert(1)</script>\"'&<!-- ]]> {{ 7*7 }} RTL")
    assert "</title><img src=x onerror=alert(1)>" in words(section(root, "images"))
    assert "paribus run 'a; rm -rf ~ <b>.toml'" in words(section(root, "method"))
    for link in root.iter("a"):
        if (link.get("download") or "").startswith("classes-") and (link.get("download") or "").endswith(
            "csv"
        ):
            cells = [row[0] for row in csv.reader(io.StringIO(file_of(link).decode()))]
            assert "'=1+1" in cells, "no spreadsheet takes it for a formula"
        if (link.get("download") or "").endswith(".svg"):
            ET.fromstring(file_of(link))


def test_a_report_of_sixty_runs_is_small(
    pooling: Layout, stand: Stand, trained: Trained, mnist: data.Dataset, predicted: Predicted
) -> None:
    generator = np.random.default_rng(1)
    study = replace(pooling, study=pooling.study)
    values = {
        name: (level + generator.normal(0, 0.1, 20).round(2)).tolist()
        for name, level in (("max-same", 96.8), ("avg-same", 96.79), ("max-valid", 96.8))
    }
    evidence = predicted(stand(study, trained(study, values)), mnist, errors=400)
    assert sum(map(len, evidence.predictions.values())) == 60
    assert evidence.standing.verdict.rounds == 20
    text = report_html(evidence)
    assert len(text.encode()) < 2_000_000
    parse(text)


def test_a_hundred_classes_are_told_by_their_largest_differences(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    classes = tuple(f"class number {number}" for number in range(100))
    facts = replace(
        settled.layout.data,
        classes=classes,
        train_per_class=(600,) * 100,
        test_per_class=(100,) * 99 + (0,),
    )
    layout = replace(settled.layout, data=facts)
    generator = np.random.default_rng(3)
    runs = {
        name: {
            seed: replace(
                one,
                correct_per_class=tuple(generator.integers(60, 100, 100).tolist()),
                images_per_class=(100,) * 99 + (0,),
            )
            for seed, one in of.items()
        }
        for name, of in settled.runs.items()
    }
    standing = replace(settled, layout=layout, runs=runs)
    root = parse(report_html(predicted(standing, mnist)))
    figure = next(one for one in root.iter("figure") if one.get("id") == "figure-classes-1")
    assert len(list(table_rows(figure))) == 1 + 99, "the class without images is left out"
    drawing = next(figure.iter(f"{SVG}svg"))
    assert sum(words(text).startswith("class number") for text in drawing.iter(f"{SVG}text")) == 20
    assert "The 20 classes with the largest differences of 99" in words(figure)
    assert not [one for one in root.iter("figure") if "confusion" in (one.get("id") or "")]
    assert "Most frequent mistakes of max-same" in words(section(root, "images"))


def test_further_sections_stand_before_runs_and_method(settled: Standing) -> None:
    extra = Section("look-inside", "Look inside", Markup("<p>Three test images.</p>"))
    root = parse(report_html(Evidence(settled), extra=[extra]))
    identities = [element.get("id") for element in root.iter("section")]
    assert identities == [*SECTIONS[:6], "look-inside", *SECTIONS[6:]]
    assert [href for link in root.iter("a") if (href := link.get("href")) == "#look-inside"]


def test_sections_can_link_to_files_of_a_server(settled: Standing) -> None:
    sections = report_sections(Evidence(settled), link=lambda name, _media, _text: f"/files/{name}")
    body = "".join(one.body for one in sections)
    assert 'href="/files/intervals.svg"' in body
    assert "data:image/svg" not in body


def test_the_study_file_in_the_report_is_the_study(settled: Standing) -> None:
    root = parse(report_html(Evidence(settled)))
    link = next(link for link in root.iter("a") if link.get("download") == "mnist-pooling.toml")
    again = Study(**tomllib.loads(file_of(link).decode()))
    assert study_digest(again) == study_digest(settled.layout.study)
    assert again.question == settled.layout.study.question


def test_the_same_evidence_gives_the_same_file(
    settled: Standing, mnist: data.Dataset, predicted: Predicted
) -> None:
    evidence = predicted(settled, mnist)
    assert report_html(evidence) == report_html(evidence)
