"""Put the tables of bench/results into docs/performance.md, between their markers.

``python -m bench.tables`` writes them; the text around them stays as it is.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.speed.roster import WORDS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "bench" / "results"

Document = Mapping[str, Any]

_OURS = {"paribus": "float32", "paribus-torch": "float32 by torch alone", "paribus-bf16": "bfloat16"}


def main() -> None:
    """Write the tables into the page."""
    argparse.ArgumentParser(prog="python -m bench.tables", description=__doc__).parse_args()
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), RESULTS), encoding="utf-8")


def with_tables(page: str, results: Path) -> str:
    """A page with its tables made anew.

    Args:
        page: Markdown with pairs of ``<!-- table NAME -->`` and ``<!-- end -->``.
        results: Folder of the benches' JSON files.

    Raises:
        KeyError: If the page asks for a table that there is not.
    """

    def fill(marker: re.Match[str]) -> str:
        name = marker[1]
        file, make = TABLES[name]
        lines = make(json.loads((results / file).read_text(encoding="utf-8")))
        return "\n".join([f"<!-- table {name} -->", *lines, "<!-- end -->"])

    return re.sub(r"<!-- table ([a-z-]+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


def _speed(document: Document) -> Iterator[str]:
    yield _machine(document)
    yield ""
    variants = list(dict.fromkeys(finding["variant"] for finding in document["findings"]))
    found = {(each["competitor"], each["variant"]): each for each in document["findings"]}
    yield from _head("", *(f"{variant}: s a run | ÷ paribus" for variant in variants))
    for competitor in dict.fromkeys(each["competitor"] for each in document["findings"]):
        cells = []
        for variant in variants:
            finding = found[competitor, variant]
            cells += [f"{finding['seconds']['median']:.2f}", _range(finding["ratio"])]
        yield _row(WORDS[competitor], *cells)


def _utilization(document: Document) -> Iterator[str]:
    yield from _head("paribus", "GFLOP/s", "of the matrix product", "of the wide convolution", "accuracy, %")
    for finding in document["findings"]:
        if finding["competitor"] in _OURS:
            yield _row(
                f"{finding['variant']}, {_OURS[finding['competitor']]}",
                f"{finding['gflops']['median']:.0f}",
                f"{100 * finding['share']['median']:.0f} %",
                f"{100 * finding['share_of_convolution']['median']:.0f} %",
                f"{finding['accuracy']['median']:.2f}",
            )


def _speed_bars(document: Document) -> Iterator[str]:
    yield from _head("bar", "found", "asked for", "")
    for bar in document["bars"]:
        holds = {True: "holds", False: "**does not hold**", None: "not asked of so short runs"}[bar["holds"]]
        yield _row(bar["what"], f"{bar['value']:.3f}", bar["bar"], holds)


def _verdict(document: Document) -> Iterator[str]:
    yield _machine(document)
    yield ""
    rounds = document["rounds"]
    yield from _head("rounds to the verdict", "mean", "nine in ten")
    for name, found in [*rounds["contrasts"].items(), ("the study", rounds["study"])]:
        yield _row(name, f"{found['mean']:.2f}", f"{found['low']:.0f} to {found['high']:.0f}")
    yield ""
    yield from _head("repeat", "three runs of the notebook, s", "paribus to the verdict, s", "ratio")
    for number, repeat in enumerate(document["repeats"], start=1):
        seconds = repeat["ratio"] * repeat["notebook_seconds"]
        yield _row(
            f"{number}", f"{repeat['notebook_seconds']:.1f}", f"{seconds:.1f}", f"{repeat['ratio']:.2f}"
        )
    real = document["real_study"]
    if real is not None:
        yield ""
        yield (
            f"One real study, from the command to its end: {real['seconds']:.0f} s, {real['rounds']} rounds, "
            f"{sum(real['runs'].values())} runs; {real['over_the_notebook']:.2f} times the notebook's runs."
        )


def _scale(document: Document) -> Iterator[str]:
    yield _machine(document)
    yield ""
    line, studies = document["iterations"]["line"], document["studies"]["line"]
    yield (
        f"A run of N iterations takes {line['start']:.2f} + {1e3 * line['each']:.2f} · N / 1000 s; "
        f"a study of N one-iteration runs {studies['start']:.2f} + {studies['each']:.3f} · N s "
        "(least squares over the medians)."
    )
    for kind, what in (("sides", "image side"), ("channels", "channels")):
        yield ""
        yield from _head(what, "ms a step", "GFLOP/s")
        for cost in document[kind]:
            name = f"{cost['side']}" if kind == "sides" else " / ".join(map(str, cost["channels"]))
            yield _row(name, f"{1e3 * cost['seconds_a_step']:.1f}", f"{cost['flops_per_second'] / 1e9:.0f}")
    yield ""
    yield from _head("recorded runs", "of the study", "`show`, s", "`run` with nothing to train, s")
    for cost in document["standings"]:
        run = "" if cost["run"] is None else f"{cost['run']['median']:.2f}"
        yield _row(f"{cost['recorded']:,}", f"{cost['own']:,}", f"{cost['show']['median']:.2f}", run)


def _kernels(document: Document) -> Iterator[str]:
    yield _machine(document)
    yield ""
    yield from _head(
        "", "engine", "ms a step", "÷ torch's operations", "s an evaluation", "÷ torch's operations"
    )
    for finding in document["findings"]:
        yield _row(
            finding["variant"],
            " ".join(finding["numerics"].split()[:2]),
            f"{1e3 * finding['step']['median']:.2f}",
            _range(finding["step_ratio"]),
            f"{finding['evaluation']['median']:.3f}",
            _range(finding["evaluation_ratio"]),
        )
    yield ""
    yield from _speed_bars(document)


def _equality(document: Document) -> Iterator[str]:
    yield f"`{document['command']}`, {document['settings']['iterations']} iterations:"
    for sentence in document["sentences"]:
        yield f"- {sentence}"
    yield f"- Largest difference of a round: {document['largest_absolute_difference_pp']:.2f} pp."


def _machine(document: Document) -> str:
    machine, settings = document["machine"], document["settings"]
    asked = {
        name: settings[name]
        for name in ("iterations", "evaluate_every", "steps", "repeats")
        if settings.get(name)
    }
    listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asked.items())
    return (
        f"`{document['command']}`{f' ({listed})' if listed else ''} on {machine['cores']} cores of "
        f"{machine['processor']}, torch {machine['torch']}; medians."
        + "".join(f" {note}" for note in document.get("notes", ()))
    )


def _head(*cells: str) -> Iterator[str]:
    columns = [part.strip() for cell in cells for part in cell.split(" | ")]
    yield _row(*columns)
    yield "|" + "---|" * len(columns)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _range(ratio: Mapping[str, float] | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio['median']:.2f} ({ratio['least']:.2f} to {ratio['most']:.2f})"


TABLES: dict[str, tuple[str, Callable[[Document], Iterator[str]]]] = {
    "speed": ("speed.json", _speed),
    "utilization": ("speed.json", _utilization),
    "speed-bars": ("speed.json", _speed_bars),
    "speed-torch": ("speed-torch.json", _speed),
    "speed-torch-bars": ("speed-torch.json", _speed_bars),
    "kernels": ("kernels.json", _kernels),
    "equality": ("equality.json", _equality),
    "engines": ("engines.json", _equality),
    "verdict": ("verdict.json", _verdict),
    "verdict-torch": ("verdict-torch.json", _verdict),
    "scale": ("scale.json", _scale),
}


if __name__ == "__main__":
    main()
