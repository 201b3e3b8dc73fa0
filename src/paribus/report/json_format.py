"""The documents of ``--json``: plain values, documented in docs/formats.md, versioned by their `format`.

Accuracies are in percent, differences in percentage points, times in seconds. A number that is not finite
becomes null, as JSON has no other.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from paribus.data import Facts
from paribus.nets.shapes import LayerTable
from paribus.records import RunRecord, failed_run
from paribus.report.forecast import Forecast, remaining_work, weights_bytes
from paribus.spec import study_digest
from paribus.standing import Ending, Standing, VariantLayout
from paribus.verdict import ClaimVerdict, ContrastVerdict, Plan, Verdict

FORMAT = 1
"""Raised when a reader of the documents would have to change."""

Document = dict[str, Any]


def study_document(standing: Standing, *, ending: Ending | None = None) -> Document:
    """The document of ``show`` and, with its ending, of ``run``.

    Args:
        standing: How the study stands.
        ending: Why running it stopped; None where nothing was run.
    """
    study = _study(standing)
    if ending is not None:
        study["ending"] = ending
    verdict = standing.verdict
    document: Document = {
        "format": FORMAT,
        "study": study,
        "runs": list(_runs(standing)),
        **verdict_parts(verdict),
    }
    for contrast in document["contrasts"]:
        noises = standing.noises.get(contrast["name"])
        contrast["noises"] = None if noises is None else asdict(noises)
    return {key: _finite(value) for key, value in document.items()}


def plan_document(standing: Standing, forecast: Forecast) -> Document:
    """The document of ``plan``.

    Args:
        standing: How the study stands before anything is trained.
        forecast: Times and chances.
    """
    work = remaining_work(standing, forecast.seconds_a_run, forecast.workers)
    document = {
        "format": FORMAT,
        "study": _study(standing),
        "variants": [
            _planned(variant, standing.layout.data.test_count, forecast.seconds_a_run.get(variant.name))
            for variant in standing.layout.variants
        ],
        "work": {
            "workers": forecast.workers,
            "runs_least": work.runs_least,
            "runs_most": work.runs_most,
            "seconds_least": work.seconds_least,
            "seconds_most": work.seconds_most,
        },
        "chances": None if forecast.chances is None else _chances(forecast.chances),
    }
    return {key: _finite(value) for key, value in document.items()}


def verdict_parts(verdict: Verdict) -> Document:
    """Contrasts and claims, as they stand in every document that has a verdict."""
    return {
        "contrasts": [_contrast(contrast) for contrast in verdict.contrasts],
        "claims": [_claim(claim) for claim in verdict.claims],
    }


def data_part(facts: Facts) -> Document:
    """What is trained and evaluated on, as it stands in every document that has a study."""
    duplicates = facts.duplicates
    return {
        "title": facts.title,
        "fingerprint": facts.fingerprint,
        "image": list(facts.image_shape),
        "classes": list(facts.classes),
        "train_images": facts.train_count,
        "train_per_class": list(facts.train_per_class),
        "evaluated": facts.evaluated,
        "test_images": facts.test_count,
        "test_per_class": list(facts.test_per_class),
        "duplicates": None if duplicates is None else asdict(duplicates),
        "skipped": [asdict(each) for each in facts.skipped],
        "ignored": list(facts.ignored),
        "notes": list(facts.notes),
    }


def as_json(document: Document) -> str:
    """A document as JSON text in ASCII, so that every pipe carries it and no terminal obeys it."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _study(standing: Standing) -> Document:
    study, verdict, registration = standing.layout.study, standing.verdict, standing.registration
    return {
        "name": study.name,
        "digest": study_digest(study),
        "question": study.question,
        "dataset": standing.layout.data.name,
        "data": data_part(standing.layout.data),
        "claims": list(study.claims),
        "decision": study.decision.model_dump(mode="json"),
        "variants": {variant.name: variant.differences for variant in standing.layout.variants},
        "numerics": standing.numerics or None,
        "registered_at": registration.registered_at if registration else None,
        "post_hoc": verdict.post_hoc is not None,
        "post_hoc_reason": verdict.post_hoc,
        "rounds": verdict.rounds,
        "decided": verdict.decided,
        "waiting": [{"variant": name, "seed": seed} for name, seed in verdict.waiting],
        "notes": list(verdict.notes),
    }


def _runs(standing: Standing) -> Iterator[Document]:
    """Recorded runs by variant and seed; a failed run has its place among them, without results."""
    keys = standing.layout.keys() if standing.failures else {}
    for name in standing.layout.names:
        failed = {
            failure.seed: failed_run(
                keys[name, failure.seed], standing.numerics, failure.seed, failure.reason
            ).record
            for failure in standing.failures
            if failure.variant == name
        }
        for _, record in sorted({**failed, **standing.runs.get(name, {})}.items()):
            yield _run(name, record)


def _run(variant: str, record: RunRecord) -> Document:
    final = record.evaluations[-1] if record.evaluations else None
    timing = record.timing if record.counts else None
    return {
        "variant": variant,
        "seed": record.seed,
        "state": record.state,
        "accuracy": final.accuracy if final else None,
        "train_loss": final.train_loss if final else None,
        "test_loss": final.test_loss if final else None,
        "iterations": record.iterations,
        "evaluations": [
            {
                "iteration": evaluation.iteration,
                "train_loss": evaluation.train_loss,
                "test_loss": evaluation.test_loss,
                "accuracy": evaluation.accuracy,
            }
            for evaluation in record.evaluations
        ],
        "correct_per_class": list(record.correct_per_class),
        "images_per_class": list(record.images_per_class),
        "order_digest": record.order_digest or None,
        "initial_digest": _initial_digest(record.initial_digests),
        "initial_digests": dict(record.initial_digests),
        "weights_digest": record.weights_digest or None,
        "weights_moved": record.weights_moved if record.counts else None,
        "flags": list(record.flags),
        "reason": record.reason or None,
        "seconds": timing.total if timing else None,
        "training_seconds": timing.training if timing else None,
        "evaluation_seconds": timing.evaluation if timing else None,
        "finished_at": record.finished_at if record.counts else None,
        "run_key": record.run_key,
        "environment": dict(record.environment),
    }


def _initial_digest(digests: Mapping[str, str]) -> str | None:
    """One digest of all initial parameters: SHA-256 of the lines ``name digest``, sorted by name."""
    if not digests:
        return None
    lines = "".join(f"{name} {digests[name]}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def _contrast(contrast: ContrastVerdict) -> Document:
    return {
        "name": contrast.name,
        "a": contrast.a,
        "b": contrast.b,
        "weights": dict(contrast.contrast.weights),
        "difference_pp": contrast.difference_pp,
        "low_pp": contrast.low_pp,
        "high_pp": contrast.high_pp,
        "sd_pp": contrast.sd_pp,
        "critical_value": contrast.critical_value,
        "rounds": contrast.rounds,
        "direction": contrast.direction,
        "size": contrast.size,
        "state": contrast.state,
        "pairing_gain": contrast.pairing_gain,
        "rounds_needed": contrast.rounds_needed,
        "sentence": contrast.sentence,
    }


def _claim(claim: ClaimVerdict) -> Document:
    return {
        "claim": claim.claim,
        "verdict": claim.verdict,
        "final": claim.final,
        "links": [
            {
                "link": str(link.link),
                "a": link.link.a,
                "relation": link.link.relation,
                "b": link.link.b,
                "answer": link.answer,
                "contrast": link.contrast,
                "sentence": link.sentence,
            }
            for link in claim.links
        ],
        "sentence": claim.sentence,
    }


def _planned(variant: VariantLayout, test_images: int, seconds: float | None) -> Document:
    table: LayerTable = variant.table
    return {
        "variant": variant.name,
        "differences": variant.differences,
        "train_images": variant.train_images,
        "iterations": variant.iterations,
        "batches_per_epoch": variant.batches_per_epoch,
        "epochs": variant.iterations / variant.batches_per_epoch,
        "image": list(table.image),
        "layers": [
            {
                "layer": layer.name,
                "kind": layer.kind,
                "detail": layer.detail,
                "output": list(layer.output),
                "arithmetic": layer.arithmetic,
                "parameters": {name: list(shape) for name, shape in layer.parameters.items()},
                "flops": layer.flops,
            }
            for layer in table.layers
        ],
        "parameters": {name: list(shape) for name, shape in table.parameters.items()},
        "notes": dict(table.notes),
        "parameter_count": table.parameter_count,
        "forward_flops": table.forward_flops,
        "flops": variant.flops(test_images),
        "seconds": seconds,
        "weights_bytes": weights_bytes(variant),
    }


def _chances(chances: Plan) -> Document:
    return {
        "contrasts": chances.contrasts,
        "detectable_sd": chances.detectable_sd,
        "studies": chances.studies,
        "expectations": [
            {
                "difference_sd": expected.difference_sd,
                "power": expected.power,
                "mean_rounds": expected.mean_rounds,
            }
            for expected in chances.expectations
        ],
    }


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with null for numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
