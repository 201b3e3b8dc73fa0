"""What `paribus judge` says of the file, and the figures beside it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.equality.rows import OURS, Accuracies

MARGIN_PP = 0.1
"""The bar: the two differ by less than this, or no direction is found."""


@dataclass(frozen=True)
class Judged:
    """The verdict of the command.

    Attributes:
        text: What it prints.
        document: What it prints with ``--json``.
    """

    text: str
    document: dict[str, Any]

    @property
    def sentences(self) -> list[str]:
        """The answer to the claim, and the contrast, in words."""
        return [part["sentence"] for kind in ("claims", "contrasts") for part in self.document[kind]]

    @property
    def holds(self) -> bool:
        """Whether the bar is reached."""
        contrast = self.document["contrasts"][0]
        return bool(contrast["size"] == "within" or contrast["direction"] == "unsettled")


def judge(path: Path, against: str, rounds: int) -> Judged:
    """Run the command with a single look after all rounds: a plain paired t-interval.

    Args:
        path: The CSV file.
        against: Name of the other side in it.
        rounds: Seeds in it.

    Raises:
        CalledProcessError: If the command refuses the file.
    """
    command = [sys.executable, "-m", "paribus", "judge", str(path), "--claim", f"{against} ~ {OURS}"]
    command += ["--margin", str(MARGIN_PP), "--min-rounds", str(rounds), "--max-rounds", str(rounds)]
    return Judged(_printed(command), json.loads(_printed([*command, "--json"])))


def pairs(other: Accuracies, ours: Accuracies) -> list[dict[str, float]]:
    """Both accuracies and paribus' minus the other side's, seed by seed, in percent and pp."""
    return [
        {
            "seed": seed,
            "other": other[seed],
            "paribus": ours[seed],
            "difference_pp": round(ours[seed] - other[seed], 4),
        }
        for seed in sorted(ours)
    ]


def largest_difference(rounds: list[dict[str, float]]) -> float:
    """The largest absolute difference of a round, pp."""
    return max(abs(each["difference_pp"]) for each in rounds)


def _printed(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
