"""Digests: of what decides a run's result, and of what a study declares.

A digest is SHA-256 over canonical JSON of checked values, so neither the order of keys nor a default left
out or written out can change it. A run's digest holds no names of variants. It leaves protocol fields out
that have their default, so that a field added later leaves the keys of earlier runs as they are; whoever
changes a default, or what a configuration means, raises `RECIPE`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from paribus.spec.study import Configuration, Study

RECIPE = 1
"""Version of the meaning of a configuration; raised when the same configuration would give other results."""


def run_key(configuration: Configuration, seed: int, *, fingerprint: str, train_images: int) -> str:
    """Identity of a run: everything that decides its result in exact arithmetic.

    Args:
        configuration: What is trained.
        seed: Seed of the round.
        fingerprint: Fingerprint of the dataset's contents.
        train_images: Number of training images used, which turns epochs into iterations.

    Returns:
        64 hexadecimal digits.
    """
    return run_keys(configuration, [seed], fingerprint=fingerprint, train_images=train_images)[seed]


def run_keys(
    configuration: Configuration, seeds: Iterable[int], *, fingerprint: str, train_images: int
) -> dict[int, str]:
    """Seed to run key, for runs that differ in nothing else; arguments as in `run_key`."""
    protocol = configuration.protocol
    trained = protocol.model_dump(mode="json", exclude_defaults=True, exclude={"epochs", "evaluate_every"})
    trained["iterations"] = protocol.total_iterations(train_images)
    trained["evaluations"] = protocol.evaluation_points(train_images)
    net = configuration.net
    shared = {
        "recipe": RECIPE,
        "data": {"fingerprint": fingerprint, "train_images": train_images},
        "net": {
            "blocks": [asdict(block) for block in net.resolved_blocks()],
            "hidden": net.hidden,
            "activation": net.activation if net.hidden else None,
            "dropout": net.dropout if net.hidden else None,
        },
        "protocol": trained,
    }
    return {seed: digest({**shared, "seed": seed}) for seed in seeds}


def study_digest(study: Study) -> str:
    """Identity of what a study declares; its question and what it keeps on disk aside.

    Returns:
        64 hexadecimal digits.
    """
    return digest(declaration(study))


def declaration(study: Study) -> dict[str, Any]:
    """What a study declares before its runs, as plain JSON values."""
    return {
        "name": study.name,
        "configurations": {
            name: {
                "data": configuration.data.model_dump(mode="json"),
                "net": configuration.net.model_dump(mode="json"),
                "protocol": configuration.protocol.model_dump(mode="json"),
            }
            for name, configuration in study.configurations.items()
        },
        "factors": {field: list(levels) for field, levels in study.factors.items()},
        "claims": [str(claim) for claim in study.parsed_claims],
        "decision": study.decision.model_dump(mode="json"),
    }


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value as JSON in the one form that digests are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
