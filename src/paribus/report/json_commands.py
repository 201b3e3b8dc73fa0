"""The documents of ``--json`` for the commands beside run, show and plan."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from paribus.data import Dataset, DatasetEntry, Facts, Fetched
from paribus.report.json_format import FORMAT, Document, data_part, verdict_parts
from paribus.standing import Comparison, Exported, Prediction
from paribus.verdict import Verdict


def verdict_document(verdict: Verdict) -> Document:
    """The document of ``judge``."""
    rule = verdict.rule
    return {
        "format": FORMAT,
        "decision": {
            "alpha": rule.alpha,
            "margin_pp": rule.margin_pp,
            "min_rounds": rule.min_rounds,
            "max_rounds": rule.max_rounds,
        },
        "rounds": verdict.rounds,
        "decided": verdict.decided,
        "test_images": verdict.images,
        **verdict_parts(verdict),
        "notes": list(verdict.notes),
    }


def verify_document(comparisons: Sequence[Comparison]) -> Document:
    """The document of ``verify``."""
    return {
        "format": FORMAT,
        "runs": [
            {
                "variant": comparison.variant,
                "seed": comparison.seed,
                "same_bits": not comparison.differing,
                "same_numerics": comparison.same_numerics,
                "differing": list(comparison.differing),
                "recorded_weights_digest": comparison.recorded.weights_digest,
                "weights_digest": comparison.rerun.weights_digest,
                "recorded_accuracy": comparison.recorded.accuracy,
                "accuracy": comparison.rerun.accuracy,
            }
            for comparison in comparisons
        ],
    }


def predict_document(predictions: Sequence[Prediction]) -> Document:
    """The document of ``predict``.

    Args:
        predictions: What the same nets say of some pictures, at least one.
    """
    voters = predictions[0].voters
    return {
        "format": FORMAT,
        "study": voters.study,
        "study_digest": voters.study_digest,
        "variant": voters.variant,
        "dataset": voters.dataset,
        "classes": list(voters.classes),
        "seeds": list(voters.seeds),
        "run_keys": list(voters.run_keys),
        "numerics": voters.numerics,
        "diverged": list(voters.diverged),
        "predictions": [
            {
                "file": prediction.image,
                "label": prediction.label,
                "class": prediction.name,
                "probability": prediction.probability,
                "agreement": prediction.agreement,
                "runner_up": prediction.runner_up,
                "probabilities": prediction.probabilities.tolist(),
                "by_seed": prediction.by_seed.tolist(),
            }
            for prediction in predictions
        ],
    }


def exported_document(exported: Exported) -> Document:
    """The document of ``export``."""
    return {
        "format": FORMAT,
        "file": str(exported.path),
        "kind": exported.format,
        "bytes": exported.size,
        "sha256": exported.sha256,
        "metadata": dict(exported.metadata),
    }


def doctor_document(facts: Sequence[tuple[str, str, str, bool]]) -> Document:
    """The document of ``doctor``.

    Args:
        facts: Name, value, note and soundness of each.
    """
    keys = ("name", "value", "note", "sound")
    return {"format": FORMAT, "facts": [dict(zip(keys, fact, strict=True)) for fact in facts]}


def data_document(entries: Sequence[DatasetEntry], cached: Collection[str]) -> Document:
    """The document of ``data list``.

    Args:
        entries: The datasets.
        cached: Names of those that lie on this machine, intact.
    """
    return {
        "format": FORMAT,
        "datasets": [
            {
                "name": entry.name,
                "title": entry.title,
                "licence": entry.licence,
                "classes": list(entry.classes),
                "image": list(entry.image_shape),
                "train_images": entry.train_count,
                "test_images": entry.test_count,
                "fingerprint": entry.fingerprint,
                "cached": entry.name in cached,
            }
            for entry in entries
        ],
    }


def described_document(facts: Facts) -> Document:
    """The document of ``data describe``."""
    return {"format": FORMAT, "dataset": facts.name, **data_part(facts)}


def fetched_document(fetched: Fetched) -> Document:
    """The document of ``data fetch``."""
    return {
        "format": FORMAT,
        "dataset": fetched.dataset,
        "folder": str(fetched.folder),
        "files": [{"file": one.file, "source": one.source, "bytes": one.size} for one in fetched.files],
        "quarantined": [str(path) for path in fetched.quarantined],
    }


def image_document(
    dataset: Dataset, split: str, index: int, label: int, pixels: npt.NDArray[np.uint8]
) -> Document:
    """The document of ``data show``: pixels from 0 (black) to 255, channel by channel, row by row."""
    return {
        "format": FORMAT,
        "dataset": dataset.name,
        "split": split,
        "index": index,
        "label": label,
        "class": dataset.classes[label],
        "pixels": pixels.tolist(),
    }
