"""A trained net written to a file that other tools read: safetensors (weights) or ONNX (the whole net)."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from paribus.errors import UsageError
from paribus.inference.choosing import Chosen, Weights
from paribus.inference.facts import facts_of
from paribus.standing import Exported, ExportFormat
from paribus.store.durable import write_durably


def export(
    chosen: Chosen,
    weights: Weights,
    path: Path | None,
    kind: ExportFormat,
    *,
    force: bool = False,
) -> Exported:
    """Write one trained net to a file; aside first and then named, so that no half of it is ever seen.

    Args:
        chosen: One run.
        weights: Its weights.
        path: The file; named after study, variant and seed when left out.
        kind: ``safetensors``: the weights, by the names of the layer table. ``onnx``: the net, from
            ``images`` to ``logits`` and ``probabilities``. Both say where they come from (docs/formats.md).
        force: Replace a file that exists.

    Raises:
        UsageError: If the file exists or cannot be written, ONNX is asked for and its packages are missing,
            or the net has no form in ONNX.
    """
    target = Path(default_name(chosen, kind)) if path is None else path
    facts = facts_of(chosen)
    try:
        _require_free(target, force=force)
        data = _safetensors(weights, facts) if kind == "safetensors" else _onnx(chosen, weights, facts)
        write_durably(target, data)
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written",
            expected="a file name in a folder that this user may write to",
            found=error.strerror or str(error),
            means="nothing was exported",
            mend="name another file with -o",
        ) from None
    return Exported(target, kind, len(data), hashlib.sha256(data).hexdigest(), facts)


def default_name(chosen: Chosen, kind: ExportFormat) -> str:
    """File name of an export, such as ``mnist-pooling-max-same-seed0.onnx``."""
    return f"{chosen.layout.study.name}-{chosen.variant.name}-seed{chosen.records[0].seed}.{kind}"


def require_one(chosen: Chosen, asked: str) -> None:
    """Refuse an ensemble: a file holds one net.

    Args:
        chosen: The runs.
        asked: How they were named.

    Raises:
        UsageError: If they are several; it names the command for the lowest seed.
    """
    seeds = [record.seed for record in chosen.records]
    if len(seeds) > 1:
        raise UsageError(
            f"{asked} are {len(seeds)} nets",
            expected="one net: a file holds one",
            found=f"seeds {', '.join(map(str, seeds))}",
            means="nothing was exported; the vote of several nets is what `paribus predict` gives",
            mend=f"for example `paribus export {asked}@{seeds[0]}`",
        )


def _require_free(path: Path, *, force: bool) -> None:
    if path.is_dir() or (path.exists() and not force):
        raise UsageError(
            f"{path} exists",
            expected="the name of a new file",
            found="a folder" if path.is_dir() else "a file",
            means="nothing was exported",
            mend="name another file with -o" + ("" if path.is_dir() else ", or replace it with --force"),
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"there is no folder {path.parent}",
            expected="a file name in a folder that exists",
            found=str(path),
            means="nothing was exported",
            mend="make the folder, or name another file with -o",
        )


def _safetensors(weights: Weights, facts: Mapping[str, str]) -> bytes:
    ordered = {name: np.asarray(values, order="C") for name, values in weights.items()}
    return bytes(safetensors.numpy.save(ordered, metadata=dict(facts)))


def _onnx(chosen: Chosen, weights: Weights, facts: Mapping[str, str]) -> bytes:
    from paribus.inference.onnx_graph import onnx_bytes, require_extra  # noqa: PLC0415 - loads torch

    require_extra()
    return onnx_bytes(chosen, weights, facts)
