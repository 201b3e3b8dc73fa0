"""Digests: of what decides a run's result, and of what a study declares.

A digest is SHA-256 over canonical JSON of checked values, so neither the order of keys nor a default left
out or written out can change it. A run's digest holds no names of variants. It leaves fields of the protocol,
and later ones of blocks and net, out that have their default, so that a field added later leaves the keys of
earlier runs as they are; whoever changes a default, or what a configuration means, raises `RECIPE`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from paribus.spec.net import LATER_FIELDS
from paribus.spec.own_net import AnyNet, OwnNet
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
    shared = {
        "recipe": RECIPE,
        "data": {"fingerprint": fingerprint, "train_images": train_images},
        "net": _net_part(configuration.net),
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
    """What a study declares before its runs, as plain JSON values; no path of this machine."""
    sources = {
        name: configuration.net.source.digest
        for name, configuration in study.configurations.items()
        if isinstance(configuration.net, OwnNet)
    }
    return {
        "name": study.name,
        "configurations": {
            name: {
                "data": configuration.data.declared(),
                "net": configuration.net.declared(),
                "protocol": configuration.protocol.model_dump(mode="json"),
            }
            for name, configuration in study.configurations.items()
        },
        "factors": {field: list(levels) for field, levels in study.factors.items()},
        "claims": [str(claim) for claim in study.parsed_claims],
        "decision": study.decision.model_dump(mode="json"),
        **({"sources": sources} if sources else {}),
    }


def _net_part(net: AnyNet) -> dict[str, Any]:
    """What of a net decides a run's result: of an own one, its arguments and the texts of its code."""
    if isinstance(net, OwnNet):
        return {"callable": net.callable, "arguments": net.arguments, "source": net.source.digest}
    blocks = [asdict(block) for block in net.resolved_blocks()]
    return {
        "blocks": [
            {name: value for name, value in block.items() if value or name not in LATER_FIELDS}
            for block in blocks
        ],
        "hidden": net.hidden,
        "activation": net.activation if net.hidden else None,
        "dropout": net.dropout if net.hidden else None,
        **({} if net.global_pool == "none" else {"global_pool": net.global_pool}),
    }


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value as JSON in the one form that digests are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
