"""Every number on a study's page, in its report and in a look equals what ``--json`` prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from paribus.cli import run_command

from . import numbers
from .conftest import Served

Captured = pytest.CaptureFixture[str]


def printed(capsys: Captured, *arguments: str) -> dict[str, Any]:
    """The document that a command prints."""
    capsys.readouterr()
    assert run_command([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_number_of_page_and_report_is_that_of_json(
    served: Served, slug: str, study_file: Path, tmp_path: Path, capsys: Captured
) -> None:
    options = [str(study_file), "--store", str(served.folder)]
    shown, planned = printed(capsys, "show", *options), printed(capsys, "plan", *options)
    path = tmp_path / "report.html"
    assert run_command(["report", *options, "-o", str(path)]) == 0
    report = numbers.parsed(path.read_text(encoding="utf-8"))
    inside = next(one for one in report.iter("section") if one.get("id") == "inside")
    for parent in report.iter():
        if inside in parent:
            parent.remove(inside)  # its numbers are those of `look --json`
            break
    status, _, text = served.ask(f"/study/{slug}")
    assert status == 200
    for root in (numbers.parsed(text), report):
        assert numbers.check(root, shown, planned) > 200
        numbers.check_words(root, shown)


def test_a_number_that_is_wrong_is_found(
    served: Served, slug: str, study_file: Path, capsys: Captured
) -> None:
    options = [str(study_file), "--store", str(served.folder)]
    shown, planned = printed(capsys, "show", *options), printed(capsys, "plan", *options)
    text = served.ask(f"/study/{slug}")[2]
    places = [place for place in range(len(text)) if text.startswith('<data value="', place)]
    for place in places[:: max(1, len(places) // 6)]:
        begin = place + len('<data value="')
        end = text.index('"', begin)
        wrong = f"{text[:begin]}{json.dumps(1.5 + float(text[begin:end]))}{text[end:]}"
        with pytest.raises((AssertionError, StopIteration)):
            numbers.check(numbers.parsed(wrong), shown, planned)


def test_every_number_of_a_look_is_that_of_json(
    served: Served, slug: str, study_file: Path, capsys: Captured
) -> None:
    options = ["mnist:3", "--study", str(study_file), "--store", str(served.folder), "--seed", "1"]
    document = printed(capsys, "look", *options)
    text = served.ask(f"/study/{slug}/look?image=3&seed=1")[2]
    root = numbers.parsed(text)
    views = [one for one in root.iter("div") if one.get("class") == "variant" and one.get("data-variant")]
    assert len(views) == len(document["variants"]) == 3
    checked = 0
    for view, variant in zip(views, document["variants"], strict=True):
        assert view.get("data-variant") == variant["variant"]
        said = numbers.words(next(view.iter("strong")))
        assert said == variant["class"]
        assert f"{variant['agreement']} of 3 nets agree" in numbers.words(view)
        means, seeds = [
            [[cell for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")][1:]
            for table in view.iter("table")
        ]
        for index, row in enumerate(means):
            by_seed = [100 * one[index] for one in variant["by_seed"]]
            expected = [100 * variant["probabilities"][index], min(by_seed), max(by_seed)]
            assert numbers.numbers(row[1:]) == pytest.approx(expected)
        for row, seed, said_by in zip(seeds, variant["seeds"], variant["by_seed"], strict=True):
            assert numbers.words(row[0]) == str(seed)
            assert numbers.words(row[1]) == document["classes"][said_by.index(max(said_by))]
            assert numbers.number(row[2]) == pytest.approx(100 * max(said_by))
        checked += 3 * len(means) + len(seeds)
    pixel = next(one for one in root.iter("div") if one.get("class") == "pixel")
    apart = document["variants"][0]["pixel"]
    shown = [float(one.get("value") or "nan") for one in pixel.iter("data")]
    flat = [
        value
        for row in zip(apart["patch"], apart["kernel"], apart["products"], strict=True)
        for cell in zip(*row, strict=True)
        for value in cell
    ]
    assert shown == pytest.approx([apart["value"], *(step["value"] for step in apart["steps"]), *flat])
    everything = sum(1 for part in root.iter("main") for _ in part.iter("data"))
    assert everything == checked + len(shown)
