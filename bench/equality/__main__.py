"""Train what is missing of both, write the CSV, let `paribus judge` compare them, keep all of it as JSON."""

import argparse
import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

from bench.equality import rows
from bench.equality.judged import MARGIN_PP, Judged, judge, largest_difference, pairs
from bench.equality.rows import PLAIN, TORCH
from bench.equality.training import paribus_runs, plain_loops, torch_engine_runs
from bench.speed.setting import STUDY, Setting, default_evaluate_every

import paribus
from paribus.train import environment

OUT = {PLAIN: Path("bench/results/equality.json"), TORCH: Path("bench/results/engines.json")}
STORE = Path("paribus-store")
QUICK_ITERATIONS = QUICK_ROUNDS = 3


def main() -> None:
    """Compare them and print the verdict."""
    options = _options()
    with contextlib.ExitStack() as folders:
        if options.store is None:
            options.store = _temporary(folders)
        if options.out is None:
            options.out = _temporary(folders) / OUT[options.against].name
        tasks = _temporary(folders)
        setting = Setting.prepare(
            tasks, iterations=options.iterations, evaluate_every=default_evaluate_every(options.iterations)
        )
        document = compare(setting, options)
        options.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def compare(setting: Setting, options: argparse.Namespace) -> dict[str, Any]:
    """Train, write the CSV, judge it and print; the document to keep."""
    path, net, iterations = options.out.with_suffix(".csv"), options.variant, options.iterations
    outcome = paribus_runs(setting, net, options.rounds, options.store)
    ours = {seed: record.accuracy for seed, record in outcome.runs[net].items()}
    other = _other_side(setting, options, path, ours)
    rows.write(path, options.against, other, ours, net=net, iterations=iterations)
    judged = judge(path, options.against, options.rounds)
    rounds = pairs(other, ours)
    print(_table(rounds, judged, options.against, quick=options.quick))
    return {
        "format": 1,
        "command": f"python -m bench.equality --against {options.against}",
        "settings": {
            name: getattr(options, name) for name in ("quick", "against", "rounds", "iterations", "variant")
        },
        "machine": environment(),
        "numerics": outcome.standing.numerics,
        "rounds": rounds,
        "largest_absolute_difference_pp": largest_difference(rounds),
        "sentences": judged.sentences,
        "verdict": judged.document,
        "bar": f"within a margin of {MARGIN_PP:g} pp, or no direction",
        "holds": None if options.quick else judged.holds,
    }


def _other_side(
    setting: Setting, options: argparse.Namespace, path: Path, ours: rows.Accuracies
) -> dict[int, float]:
    """Train what the other side lacks; a plain loop's accuracies are kept as they come."""
    net, iterations = options.variant, options.iterations
    if options.against == TORCH:
        store = options.store.with_name(f"{options.store.name}-torch")
        return torch_engine_runs(setting, net, options.rounds, store)
    found = {} if options.again else rows.known(path, PLAIN, net=net, iterations=iterations)
    plain = {seed: accuracy for seed, accuracy in found.items() if seed in ours}
    missing = sorted(ours.keys() - plain.keys())
    rows.write(path, PLAIN, plain, ours, net=net, iterations=iterations)
    for seed, accuracy in plain_loops(setting, net, missing):
        plain[seed] = accuracy
        rows.write(path, PLAIN, plain, ours, net=net, iterations=iterations)
    return plain


def _table(rounds: list[dict[str, float]], judged: Judged, against: str, *, quick: bool) -> str:
    lines = [f"{'seed':>6}{against + ' %':>16}{'paribus %':>12}{'difference pp':>16}"]
    lines += [
        f"{each['seed']:>6}{each['other']:>16.2f}{each['paribus']:>12.2f}{each['difference_pp']:>+16.2f}"
        for each in rounds
    ]
    lines += [f"\nlargest difference of a round: {largest_difference(rounds):.2f} pp\n", judged.text.rstrip()]
    if not quick:
        holds = "holds" if judged.holds else "DOES NOT HOLD"
        lines.append(f"\nbar: within a margin of {MARGIN_PP:g} pp, or no direction: {holds}")
    return "\n".join(lines)


def _temporary(folders: contextlib.ExitStack) -> Path:
    return Path(folders.enter_context(tempfile.TemporaryDirectory()))


def _options() -> argparse.Namespace:
    variants = list(paribus.read(STUDY).differences)
    parser = argparse.ArgumentParser(prog="python -m bench.equality", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds of a few iterations")
    parser.add_argument(
        "--rounds", type=int, default=10, help="seeds from 0; the CSV holds these and no others"
    )
    parser.add_argument(
        "--against", choices=list(OUT), default=PLAIN, help=f"{TORCH}: paribus without its kernels"
    )
    parser.add_argument("--iterations", type=int, default=3000)
    parser.add_argument("--variant", choices=variants, default="max-same")
    parser.add_argument(
        "--store", type=Path, help=f"folder of paribus' runs; left out: {STORE}, with --quick a temporary one"
    )
    parser.add_argument(
        "--again", action="store_true", help="train the plain loop anew where the CSV has its accuracy"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help=f"the CSV lies beside it; left out: {OUT[PLAIN]} or {OUT[TORCH]}, with --quick a temporary one",
    )
    options = parser.parse_args()
    if options.quick:
        options.iterations, options.rounds = QUICK_ITERATIONS, QUICK_ROUNDS
    else:
        options.store = options.store or STORE
        options.out = options.out or OUT[options.against]
    if options.rounds < 3:
        parser.error("--rounds has to be at least 3: a study has no fewer")
    if options.iterations < 2:
        parser.error("--iterations has to be at least 2")
    return options


if __name__ == "__main__":
    main()
