"""Studies with runs made by hand, and a console that hands back what it shows."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console, RenderableType

from paribus import data
from paribus.records import Evaluation, Registration, RunRecord, Timing
from paribus.spec import Study, locate
from paribus.standing import Evidence, Failure, Layout, Runs, Standing, assess, lay_out

MEASURED = {
    "max-same": [96.77, 96.50, 96.93, 96.64, 96.80],
    "avg-same": [93.31, 93.12, 93.60, 93.15, 93.40],
    "max-valid": [96.42, 96.20, 96.71, 96.35, 96.55],
}
"""Accuracies much like those of real runs; they settle both claims of the built-in study."""


@pytest.fixture
def show() -> Callable[..., str]:
    """What a console of that width, palette and encoding receives."""
    return _show


@pytest.fixture
def stand() -> Callable[..., Standing]:
    """A registered study with these runs."""
    return _stand


@pytest.fixture
def trained() -> Callable[..., Runs]:
    """Runs with these accuracies, from the study's first seed on."""
    return _trained


@pytest.fixture
def measured() -> dict[str, list[float]]:
    """Variant to accuracies that settle both claims of the built-in study."""
    return MEASURED


@pytest.fixture
def pooling() -> Layout:
    """The built-in study of three variants, laid out."""
    return lay_out(Study.read(locate("mnist-pooling")))


@pytest.fixture
def untouched(pooling: Layout) -> Standing:
    """A study never run."""
    return assess(pooling, {}, numerics="", registration=None)


@pytest.fixture
def early(pooling: Layout) -> Standing:
    """A study after two rounds, in the midst of the third."""
    runs = _trained(pooling, {name: values[:2] for name, values in MEASURED.items()})
    runs["max-same"][2] = _run(pooling, "max-same", 2, 96.93)
    return _stand(pooling, runs)


@pytest.fixture
def settled(pooling: Layout) -> Standing:
    """A study whose claims have their answers."""
    return _stand(pooling, _trained(pooling, MEASURED))


@pytest.fixture
def troubled(pooling: Layout) -> Standing:
    """A post hoc study with a run that diverged and was flagged, and one that failed."""
    runs = _trained(pooling, {name: values[:4] for name, values in MEASURED.items()})
    runs["avg-same"][1] = replace(
        runs["avg-same"][1],
        state="diverged",
        reason="the training loss was nan at iteration 12",
        evaluations=(Evaluation(12, float("nan"), float("inf"), 9.8),),
        flags=("accuracy at chance",),
    )
    del runs["max-valid"][3]
    failure = Failure("max-valid", 3, "out of \x1b[31mmemory\x1b[0m at [bold]step 7")
    return _stand(pooling, runs, existing=4, failures=(failure,))


@pytest.fixture
def many() -> Standing:
    """Twelve variants over four rounds, without claims: 66 contrasts."""
    study = Study(
        name="widths",
        protocol={"iterations": 3000, "evaluate_every": 500},
        variants={f"width-{width}": {"net.blocks.0.channels": width} for width in range(4, 16)},
    )
    layout = lay_out(study)
    values = {name: [90 + n / 3 + round_ / 10 for round_ in range(4)] for n, name in enumerate(layout.names)}
    return _stand(layout, _trained(layout, values))


@pytest.fixture
def factorial() -> Standing:
    """Two crossed factors."""
    study = Study(
        name="crossed",
        protocol={"iterations": 3000, "evaluate_every": 500},
        factors={"net.pool": ["max", "avg"], "net.padding": ["same", "valid"]},
    )
    layout = lay_out(study)
    values = {name: [90 + n + round_ / 10 for round_ in range(4)] for n, name in enumerate(layout.names)}
    return _stand(layout, _trained(layout, values))


@pytest.fixture
def long_names() -> Standing:
    """Names as long as they may be, alike at both ends; measured once, at the end."""
    names = [f"{'a-very-long-name-of-a-variant' * 2}{tail}" for tail in ("-one", "-two")]
    study = Study(
        name="n" * 64,
        protocol={"iterations": 3000},
        claims=[f"{names[0]} < {names[1]}"],
        variants={names[0]: {}, names[1]: {"net.pool": "avg"}},
    )
    layout = lay_out(study)
    runs = _trained(layout, {names[0]: [90.0, 90.1, 90.2], names[1]: [91.0, 91.2, 91.1]})
    once = {
        name: {seed: replace(one, evaluations=one.evaluations[-1:]) for seed, one in of.items()}
        for name, of in runs.items()
    }
    return _stand(layout, once)


@pytest.fixture
def one_round(pooling: Layout) -> Standing:
    """A study after its first round."""
    return _stand(pooling, _trained(pooling, {name: values[:1] for name, values in MEASURED.items()}))


@pytest.fixture
def predicted() -> Callable[..., Evidence]:
    """A study whose runs predict the test images, each with mistakes of its own."""
    return _predicted


def _show(content: RenderableType, *, width: int = 100, color: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="")
    console = Console(
        file=file,
        width=width,
        force_terminal=color,
        color_system="truecolor" if color else None,
        _environ={},
    )
    console.print(content)
    file.flush()
    return raw.getvalue().decode(encoding)


def _stand(layout: Layout, runs: Runs, *, existing: int = 0, failures: tuple[Failure, ...] = ()) -> Standing:
    numerics = "torch-1 torch-2.13.0 AVX512 threads-1"
    registration = Registration(
        "d" * 64, layout.study.name, numerics, "2026-07-01T10:00:00+00:00", existing, "{}"
    )
    return assess(layout, runs, numerics=numerics, registration=registration, failures=failures)


def _trained(layout: Layout, accuracies: Mapping[str, list[float]]) -> dict[str, dict[int, RunRecord]]:
    return {
        name: {
            seed: _run(layout, name, seed, value) for seed, value in zip(layout.seeds, values, strict=False)
        }
        for name, values in accuracies.items()
    }


def _run(layout: Layout, variant: str, seed: int, accuracy: float) -> RunRecord:
    """A finished run that shares with its round what it must share."""
    planned = layout.variant(variant)
    last = Evaluation(planned.iterations, 0.1234, 0.11, accuracy)
    return RunRecord(
        run_key=f"key {variant} {seed}",
        numerics="torch-1 torch-2.13.0 AVX512 threads-1",
        seed=seed,
        state="done",
        iterations=planned.iterations,
        evaluations=(Evaluation(500, 0.4321, 0.4, accuracy - 5), last),
        order_digest=f"order {seed}",
        initial_digests={name: f"{name} {shape} {seed}" for name, shape in planned.table.parameters.items()},
        weights_digest=f"weights {variant} {seed}",
        weights_moved=3.5,
        correct_per_class=(970,) * 10,
        images_per_class=(1000,) * 10,
        predictions=np.zeros(10_000, dtype=np.uint8),
        timing=Timing(75.2, 70.0, 5.0),
        finished_at="2026-07-01T12:00:00+00:00",
        environment={"torch": "2.13.0"},
    )


def _predicted(standing: Standing, dataset: data.Dataset, *, errors: int = 60) -> Evidence:
    """Mistakes fall on images that are drawn for each variant, three quarters of them in each run."""
    labels = dataset.test.labels
    predictions: dict[str, dict[int, npt.NDArray[np.uint8]]] = {}
    for number, (name, runs) in enumerate(standing.runs.items()):
        predictions[name] = {}
        for seed in runs:
            said = labels.astype(np.uint8)
            wrong = np.random.default_rng([number, 7]).choice(len(labels), errors, replace=False)
            some = np.random.default_rng([number, seed]).choice(wrong, errors * 3 // 4, replace=False)
            said[some] = (said[some] + 1) % 10
            predictions[name][seed] = said
    return Evidence(standing, predictions, dataset.test)
