"""How long the notebook's first model must have been trained before the curve that the notebook prints.

Its curve begins with 97.92 % "after 500 iterations"; a fresh model is continued until it gets there.
"""

from dataclasses import dataclass

import numpy as np
from bench.replication.notebook import ACCURACY, ITERATIONS

from paribus.data import load
from paribus.records import Assignment
from paribus.spec import Study, locate
from paribus.train import set_up_process, train

EVERY = 100


@dataclass(frozen=True)
class Head:
    """How far ahead a model was when the notebook's curve was printed.

    Attributes:
        seed: Seed of the run.
        at_500: Accuracy of the fresh model after 500 iterations, percent.
        first_passes: First iteration at which it reaches 97.92 %; None if it never did.
        best_lead: Iterations trained before, with which its curve is nearest to the printed one.
        distance_pp: Root mean square distance of the two curves with that lead, pp.
        distance_fresh_pp: The same without any lead.
    """

    seed: int
    at_500: float
    first_passes: int | None
    best_lead: int
    distance_pp: float
    distance_fresh_pp: float


def continued(seed: int, iterations: int) -> Head:
    """Train max-same for longer than the notebook and find its printed curve in it.

    Args:
        seed: Seed of the run.
        iterations: Iterations to train.
    """
    engine = set_up_process()
    overrides = {"protocol.iterations": str(iterations), "protocol.evaluate_every": str(EVERY)}
    configuration = Study.read(locate("mnist-pooling"), overrides).configurations["max-same"]
    record = train(Assignment("0" * 64, configuration, seed), load("mnist"), engine).record
    curve = {evaluation.iteration: evaluation.accuracy for evaluation in record.evaluations}
    leads = range(0, iterations - ITERATIONS[-1] + 1, EVERY)
    distances = {lead: _distance(curve, lead) for lead in leads}
    best = min(distances, key=lambda lead: distances[lead])
    passes = next((step for step, accuracy in curve.items() if accuracy >= ACCURACY["max-same"][0]), None)
    return Head(seed, curve[500], passes, best, distances[best], distances[0])


def _distance(curve: dict[int, float], lead: int) -> float:
    gaps = [
        curve[lead + step] - printed for step, printed in zip(ITERATIONS, ACCURACY["max-same"], strict=True)
    ]
    return float(np.sqrt(np.mean(np.square(gaps))))
