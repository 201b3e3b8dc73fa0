"""Fixtures that the tests of several rooms share."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paribus import data
from paribus.nets.initial import initial_weights
from paribus.records import Evaluation, Registration, RunRecord, Timing, TrainedRun
from paribus.spec import Study, canonical, declaration, study_digest
from paribus.standing import lay_out
from paribus.store import Store


@pytest.fixture(scope="session")
def mnist() -> data.Dataset:
    """Real MNIST, from the user's cache, fetched first where it is not there."""
    return data.load("mnist")


@pytest.fixture(scope="session")
def shelve() -> Callable[..., None]:
    """Puts runs of a study that were never trained into a store, with their initial weights."""
    return _shelve


def _shelve(
    folder: Path,
    study: Study,
    runs: Iterable[tuple[str, int]],
    *,
    numerics: str = "torch-0 made up",
    keep_weights: bool = True,
    register: bool = True,
    **changes: Any,  # noqa: ANN401 - any field of a record
) -> None:
    layout = lay_out(study)
    with Store.writer(folder, purpose="test") as store:
        if register:
            digest, declared = study_digest(study), canonical(declaration(study))
            store.register(
                Registration(digest, study.name, numerics, "2026-01-01T00:00:00+00:00", 0, declared)
            )
        for variant, seed in runs:
            fields: dict[str, Any] = {
                "run_key": layout.keys()[variant, seed],
                "numerics": numerics,
                "seed": seed,
                "state": "done",
                "iterations": 1,
                "evaluations": (Evaluation(1, 2.3, 2.3, 10.0),),
                "order_digest": "0" * 64,
                "initial_digests": {},
                "weights_digest": "0" * 64,
                "weights_moved": 0.0,
                "correct_per_class": (),
                "images_per_class": (),
                "predictions": np.zeros(1, np.uint8),
                "timing": Timing(1.0, 1.0, 1.0),
                "finished_at": "2026-01-01T00:00:00+00:00",
                "environment": {},
            }
            weights = initial_weights(layout.variant(variant).table, seed)
            store.commit(TrainedRun(RunRecord(**(fields | changes)), weights), keep_weights=keep_weights)


@pytest.fixture(scope="session")
def html_tables() -> Callable[[str], dict[str, list[list[str]]]]:
    """Caption to rows of text of each table in HTML, the headings first; the HTML has to be accessible."""
    return _tables


def _tables(html: str) -> dict[str, list[list[str]]]:
    root = ET.fromstring(f"<html>{html}</html>")
    tables = root.findall(".//table")
    assert all(table.find("caption") is not None for table in tables)
    assert {heading.get("scope") for heading in root.iter("th")} <= {"col", "row"}
    assert not {element.tag for element in root.iter()} & {"script", "style", "link", "img", "iframe", "svg"}
    assert all(set(element.keys()) <= {"scope", "style"} for element in root.iter())
    assert not any("color" in element.get("style", "") for element in root.iter())
    return {
        "".join(table.findall("caption")[0].itertext()): [
            ["\n".join(cell.itertext()) for cell in row] for row in table.iter("tr")
        ]
        for table in tables
    }
