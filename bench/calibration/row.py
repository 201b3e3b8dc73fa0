"""One measured figure, and how the figures are printed and kept."""

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Row:
    """A figure with its simulation error.

    Attributes:
        case: What was simulated.
        measure: What was counted.
        value: A share of the studies, or a number of rounds.
        error: Standard error of the simulation; zero for a figure that is computed.
        studies: How many studies were simulated.
        bar: What it has to reach, in words.
        holds: Whether it does; None where there is no bar.
        unit: What the value is.
    """

    case: str
    measure: str
    value: float
    error: float = 0.0
    studies: int = 0
    bar: str = ""
    holds: bool | None = None
    unit: Literal["share", "rounds"] = "share"


def share(case: str, measure: str, hits: NDArray[np.bool_], *, most: float | None = None) -> Row:
    """The share of studies in which something happened, and whether it is at most `most`."""
    value, studies = float(hits.mean()), len(hits)
    error = math.sqrt(max(value * (1 - value), 1 / studies) / studies)
    if most is None:
        return Row(case, measure, value, error, studies)
    return Row(case, measure, value, error, studies, f"≤ {100 * most:g} %", value <= most)


def coverage(case: str, measure: str, hits: NDArray[np.bool_], *, least: float) -> Row:
    """The share of studies whose intervals cover, and whether it is at least `least`."""
    plain = share(case, measure, hits)
    return Row(
        case, measure, plain.value, plain.error, plain.studies, f"≥ {100 * least:g} %", plain.value >= least
    )


def mean(case: str, measure: str, values: NDArray[np.int64]) -> Row:
    """A mean number of rounds."""
    error = float(values.std() / math.sqrt(len(values)))
    return Row(case, measure, float(values.mean()), error, len(values), unit="rounds")


def table(rows: Sequence[Row]) -> str:
    """The rows as text, shares in percent."""
    lines, case = [], ""
    for row in rows:
        if row.case != case:
            case = row.case
            lines.append(f"\n{case}")
        verdict = {True: "holds", False: "DOES NOT HOLD", None: ""}[row.holds]
        lines.append(f"  {row.measure:<76}{_value(row):>20}  {row.bar:<28}{verdict}".rstrip())
    return "\n".join(lines)


def keep(rows: Sequence[Row], notes: Sequence[str], path: Path) -> None:
    """Write the rows as JSON, with what they were measured on."""
    document = {
        "format": 1,
        "command": "python -m bench.calibration",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "versions": {name: version(name) for name in ("numpy", "scipy", "statsmodels", "adastop")},
        "rows": [asdict(row) for row in rows],
        "notes": list(notes),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> list[Row]:
    """The rows of an earlier measurement."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return [Row(**row) for row in document["rows"]]


def _value(row: Row) -> str:
    if row.unit == "rounds":
        return f"{row.value:.2f}" + (f" ± {row.error:.2f}" if row.error else "")
    return f"{100 * row.value:.2f} %" + (f" ± {100 * row.error:.2f}" if row.error else "")
