"""Reads the numbers out of a study's page and recomputes each from the documents of ``--json``.

A number counts as read only if some rule knows what it must be; one that no rule knows is a failure.
"""

import json
import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

import html5lib
import pytest
from scipy import stats

Element = ET.Element
Document = Mapping[str, Any]
Row = Sequence[Element]


def parsed(text: str) -> Element:
    """A page; refused if it is not valid HTML5 syntax."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return root


def words(element: Element) -> str:
    """Its text, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def number(cell: Element) -> float | None:
    """The full value of a cell; None where it is not known."""
    found = next(cell.iter("data"), None)
    return None if found is None else float(json.loads(found.get("value") or "null"))


def numbers(cells: Sequence[Element]) -> list[float | None]:
    """The full values of cells."""
    return [number(cell) for cell in cells]


def at(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value at a dotted path."""
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def check(root: Element, shown: Document, planned: Document) -> int:
    """Compare every number of a study's page.

    Args:
        root: The page.
        shown: What ``show --json`` prints.
        planned: What ``plan --json`` prints.

    Returns:
        How many numbers there are.
    """
    checked = set(_named(root, shown))
    for table in root.iter("table"):
        caption = words(next(table.iter("caption")))
        for pattern, rule in _RULES.items():
            found = re.fullmatch(pattern, caption)
            if found:
                rows = [[cell for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
                rule(rows, shown, planned, found.groupdict())
                checked |= {id(one) for one in table.iter("data")}
    _layer_sentences(root, planned, checked)
    everything = list(root.iter("data"))
    unknown = [f"{one.get('value')} ({words(one)})" for one in everything if id(one) not in checked]
    assert unknown == [], "numbers that no rule knows"
    for one in everything:
        _assert_shown_as_it_is(one)
    return len(everything)


def check_words(root: Element, shown: Document) -> None:
    """Compare the sentences of the answer, and the numbers that stand beside the intervals."""
    answer = words(next(one for one in root.iter("section") if one.get("id") == "answer"))
    for contrast in shown["contrasts"]:
        assert contrast["sentence"] in answer
    for note in shown["study"]["notes"]:
        assert note in answer
    for claim in shown["claims"]:
        assert claim["claim"] in answer
    assert shown["study"]["digest"] in answer
    figure = next(one for one in root.iter("figure") if one.get("id") == "figure-intervals")
    drawn = [words(text) for text in figure.iter("{http://www.w3.org/2000/svg}text")]
    for contrast in shown["contrasts"]:
        beside = [text for text in drawn if re.fullmatch(_BESIDE, text)]
        values = [contrast["difference_pp"], contrast["low_pp"], contrast["high_pp"], contrast["rounds"]]
        assert any(_agree(text, values) for text in beside), (values, beside)


_BESIDE = r"[−+]?(\d+\.\d+) \([−+]?\d+\.\d+ to [−+]?\d+\.\d+\), \d+ rounds?"


def _agree(text: str, values: Sequence[float]) -> bool:
    written = [one.replace("−", "-") for one in re.findall(r"[−+]?\d+(?:\.\d+)?", text)]
    return all(
        abs(float(one) - value) <= 0.5000001 * 10 ** -len(one.partition(".")[2])
        for one, value in zip(written, values, strict=True)
    )


def _named(root: Element, shown: Document) -> Iterator[int]:
    """Numbers and words that name their place in the document."""
    for element in root.iter():
        path = element.get("data-json")
        if not path:
            continue
        expected = at(shown, path)
        if element.tag == "data":
            assert json.loads(element.get("value") or "") == expected, path
            yield id(element)
        else:
            assert words(element) == expected, path


def _assert_shown_as_it_is(element: Element) -> None:
    """The text of a number is its value, rounded; times have units of their own."""
    text = words(element).replace("−", "-").replace(",", "")
    if re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        value = json.loads(element.get("value") or "")
        assert float(text) == pytest.approx(value, abs=0.5000001 * 10 ** -len(text.partition(".")[2]))
    else:
        assert re.fullmatch(r"(\d+(\.\d)? (s|min)|\d+ h \d+ min|\d+ d \d+ h)", text), text


def _runs(shown: Document, variant: str) -> list[Document]:
    return [run for run in shown["runs"] if run["variant"] == variant and run["accuracy"] is not None]


def _contrast(shown: Document, label: str) -> Document:
    found: Document = next(
        one for one in shown["contrasts"] if label in (one["name"], f"{one['b']} − {one['a']}")
    )
    return found


def _differences(shown: Document, contrast: Document, value: Callable[[Document], float]) -> list[float]:
    """The contrast of some value of the runs, round by round."""
    first = shown["study"]["decision"]["first_seed"]
    seeds = range(first, first + contrast["rounds"])
    return [
        math.fsum(
            weight * next(value(run) for run in _runs(shown, name) if run["seed"] == seed)
            for name, weight in contrast["weights"].items()
        )
        for seed in seeds
    ]


def _variants(rows: Sequence[Row], shown: Document, _planned: Document, _named: Mapping[str, str]) -> None:
    assert [words(row[0]) for row in rows[1:]] == list(shown["study"]["variants"])
    for row in rows[1:]:
        values = [run["accuracy"] for run in _runs(shown, words(row[0]))]
        mean, deviation, rounds = numbers(row[1:4])
        assert rounds == len(values)
        assert mean == pytest.approx(statistics.mean(values))
        assert deviation == pytest.approx(statistics.stdev(values))


def _evaluated(run: Document, iteration: int) -> float:
    return float(next(one["accuracy"] for one in run["evaluations"] if one["iteration"] == iteration))


def _right(run: Document, label: int) -> float:
    """Accuracy on one class, percent."""
    return float(100 * run["correct_per_class"][label] / run["images_per_class"][label])


def _learning(rows: Sequence[Row], shown: Document, _planned: Document, _named: Mapping[str, str]) -> None:
    alpha = shown["study"]["decision"]["alpha"]
    for row in rows[1:]:
        iteration, mean, low, high, count = numbers(row[1:6])
        values = [_evaluated(run, int(iteration or 0)) for run in _runs(shown, words(row[0]))]
        half = stats.t.ppf(1 - alpha / 2, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
        expected = [statistics.mean(values), statistics.mean(values) - half, statistics.mean(values) + half]
        assert [mean, low, high] == pytest.approx(expected, rel=1e-6)
        assert count == len(values)


def _paired(rows: Sequence[Row], shown: Document, _planned: Document, _named: Mapping[str, str]) -> None:
    for row in rows[1:]:
        contrast = _contrast(shown, words(row[0]))
        iteration, mean, low, high, count = numbers(row[1:6])
        values = _differences(shown, contrast, partial(_evaluated, iteration=int(iteration or 0)))
        half = contrast["critical_value"] * statistics.stdev(values) / len(values) ** 0.5
        assert mean == pytest.approx(statistics.mean(values))
        assert low == pytest.approx(statistics.mean(values) - half)
        assert high == pytest.approx(statistics.mean(values) + half)
        assert count == contrast["rounds"]
    ends = {words(row[0]): numbers(row[2:5]) for row in rows[1:]}  # the last one of each contrast
    for contrast in shown["contrasts"]:
        expected = [contrast["difference_pp"], contrast["low_pp"], contrast["high_pp"]]
        assert ends[f"{contrast['b']} − {contrast['a']}"] == pytest.approx(expected)


def _intervals(rows: Sequence[Row], shown: Document, _planned: Document, _named: Mapping[str, str]) -> None:
    keys = ("difference_pp", "low_pp", "high_pp", "sd_pp", "rounds")
    for row, contrast in zip(rows[1:], shown["contrasts"], strict=True):
        assert numbers(row[1:6]) == [contrast[key] for key in keys]


def _seeds(rows: Sequence[Row], shown: Document, _planned: Document, _named: Mapping[str, str]) -> None:
    names = [words(cell) for cell in rows[0][1:]]
    for row in rows[1:]:
        seed, *accuracies = numbers(row)
        expected = [
            next((run["accuracy"] for run in _runs(shown, name) if run["seed"] == seed), None)
            for name in names
        ]
        assert accuracies == expected
    assert sum(value is not None for row in rows[1:] for value in numbers(row[1:])) == len(shown["runs"])


def _classes(rows: Sequence[Row], shown: Document, _planned: Document, named: Mapping[str, str]) -> None:
    contrast = _contrast(shown, named["contrast"])
    classes = shown["study"]["data"]["classes"]
    for row in rows[1:]:
        values = _differences(shown, contrast, partial(_right, label=classes.index(words(row[0]))))
        expected = [statistics.mean(values), min(values), max(values)]
        assert numbers(row[1:4]) == pytest.approx(expected, abs=1e-9)


def _mistakes(rows: Sequence[Row], shown: Document, _planned: Document, named: Mapping[str, str]) -> None:
    """Of mistakes, --json has how many there are in each class; the table has the most frequent ones."""
    runs, classes = _runs(shown, named["variant"]), shown["study"]["data"]["classes"]
    images = [sum(run["images_per_class"][k] for run in runs) for k in range(len(classes))]
    wrong = [images[k] - sum(run["correct_per_class"][k] for run in runs) for k in range(len(classes))]
    found = [0] * len(classes)
    for row in rows[1:]:
        true = classes.index(words(row[0]))
        times, share = numbers(row[2:4])
        assert times is not None
        assert share == pytest.approx(100 * times / images[true])
        found[true] += int(times)
    if len(rows) - 1 < 50:
        assert found == wrong
    else:
        assert all(some <= every for some, every in zip(found, wrong, strict=True))


def _layers(rows: Sequence[Row], _shown: Document, planned: Document, named: Mapping[str, str]) -> None:
    variant = next(one for one in planned["variants"] if one["variant"] == named["variant"])
    for row, layer in zip(rows[1:-1], variant["layers"], strict=True):
        parameters = sum(math.prod(shape) for shape in layer["parameters"].values())
        assert words(row[0]) == layer["layer"]
        assert [number(row[4]) or 0, number(row[5]) or 0] == [parameters, layer["flops"]]
        shape = " × ".join(map(str, layer["output"]))
        assert words(row[2]).replace("∗ (differs)", "").startswith(shape)
        assert layer["arithmetic"] in words(row[2])
    assert numbers(rows[-1][-2:]) == [variant["parameter_count"], variant["forward_flops"]]


def _layer_sentences(root: Element, planned: Document, checked: set[int]) -> None:
    """A variant whose layers are those of another has its two numbers in a sentence."""
    section = next(one for one in root.iter("section") if one.get("id") == "layers")
    for paragraph in section.iter("p"):
        if words(paragraph).startswith("The layers are those of"):
            values = [float(one.get("value") or "nan") for one in paragraph.iter("data")]
            of = words(next(paragraph.iter("bdi")))
            variant = next(one for one in planned["variants"] if one["variant"] == of)
            assert values == [variant["parameter_count"], variant["forward_flops"]]
            checked |= {id(one) for one in paragraph.iter("data")}


_RULES: Mapping[str, Callable[[Sequence[Row], Document, Document, Mapping[str, str]], None]] = {
    r"Final test accuracy over all rounds, .*": _variants,
    r"Differences in final test accuracy, pp, .*": _intervals,
    r"Mean test accuracy over training": _learning,
    r"Mean paired difference over training": _paired,
    r"Final test accuracy of every run, percent": _seeds,
    r"(?P<contrast>.+): difference in accuracy by class, percentage points, over \d+ rounds?": _classes,
    r"Most frequent mistakes of (?P<variant>.+), over all its runs": _mistakes,
    r"Layers of (?P<variant>.+)": _layers,
}
"""What a table's caption says to what its numbers must be."""
