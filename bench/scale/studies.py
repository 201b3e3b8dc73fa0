"""Study files of any size, and how long whole studies of short runs take."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.scale.fitting import Times

import paribus

SHORT = {
    "data.train_images": "1000",
    "net.blocks": "[{ channels = 4, kernel = 3 }]",
    "protocol.iterations": "5",
    "protocol.evaluate_every": "5",
}
"""Makes the runs of a study so short that what lies around them shows."""


@dataclass(frozen=True)
class StudyCost:
    """What a whole study took.

    Attributes:
        variants: Its variants.
        rounds: Its rounds.
        times: Wall times, and the number of its runs.
    """

    variants: int
    rounds: int
    times: Times

    @property
    def seconds_a_run(self) -> float:
        """Median wall time divided by the runs."""
        return self.times.median / self.times.count


def write_study(
    folder: Path, *, variants: int, rounds: int, first_seed: int = 0, min_rounds: int | None = None
) -> Path:
    """Write the file of a study: the built-in study's net at several learning rates, which cost the same.

    Each variant is claimed to beat the first one. The margin is zero, so that no claim is settled by
    differences that are small. Weights are not kept.

    Args:
        folder: Where to.
        variants: How many, at least 2.
        rounds: The cap.
        first_seed: Seed of the first round.
        min_rounds: Rounds before the first look; as many as the cap when left out.
    """
    names = [f"rate{index:02d}" for index in range(variants)]
    rates = (f'{name} = {{ "protocol.learning_rate" = {(10 + i) / 1000} }}' for i, name in enumerate(names))
    claims = (f'"{names[0]} < {name}"' for name in names[1:])
    path = folder / f"rates-{variants}x{rounds}-from-{first_seed}.toml"
    lines = [
        f'name = "{path.stem}"',
        f"claims = [{', '.join(claims)}]",
        "keep_weights = false",
        "[net]",
        "blocks = [{ channels = 16, kernel = 5 }, { channels = 32, kernel = 5 }]",
        "[protocol]",
        "iterations = 3000",
        "evaluate_every = 500",
        "[variants]",
        *rates,
        "[decision]",
        "margin_pp = 0.0",
        f"min_rounds = {min_rounds or rounds}",
        f"max_rounds = {rounds}",
        f"first_seed = {first_seed}",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def study_costs(shapes: Sequence[tuple[int, int]], turns: int) -> list[StudyCost]:
    """Run whole studies of short runs with one worker, each time in a new store.

    Args:
        shapes: Variants and rounds of each.
        turns: How often each is measured; all once, and again.
    """
    seconds: dict[tuple[int, int], list[float]] = {shape: [] for shape in shapes}
    for _ in range(turns):
        for shape, taken in seconds.items():
            taken.append(_study_seconds(*shape))
    return [
        StudyCost(variants, rounds, Times(variants * rounds, tuple(seconds[variants, rounds])))
        for variants, rounds in shapes
    ]


def _study_seconds(variants: int, rounds: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        study = paribus.read(write_study(Path(folder), variants=variants, rounds=rounds), SHORT)
        began = time.perf_counter()
        outcome = paribus.run(study, store=Path(folder) / "store", workers=1)
        taken = time.perf_counter() - began
    if outcome.trained != variants * rounds:
        raise RuntimeError(f"{outcome.trained} runs were trained instead of {variants * rounds}")
    return taken
