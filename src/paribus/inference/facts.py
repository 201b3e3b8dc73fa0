"""What an exported file says of the net in it: enough to use it, and to find the run it came from."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from paribus.inference.choosing import Chosen
from paribus.nets.shapes import LayerTable
from paribus.spec import canonical

NORMALISATION = "pixel / 255"
"""From a pixel of 0 to 255 to what the net takes."""


def facts_of(chosen: Chosen) -> dict[str, str]:
    """What is said of one trained net, name to text; values that are no plain text are JSON.

    Args:
        chosen: One run.
    """
    (record,) = chosen.records
    configuration = chosen.variant.configuration
    values: dict[str, Any] = {
        "producer": f"paribus {version('paribus')}",
        "study": chosen.layout.study.name,
        "study_digest": chosen.study_digest,
        "variant": chosen.variant.name,
        "seed": record.seed,
        "run_key": record.run_key,
        "numerics": record.numerics,
        "weights_digest": record.weights_digest,
        "test_accuracy_percent": record.accuracy,
        "dataset": chosen.data.name,
        "dataset_fingerprint": chosen.data.fingerprint,
        "classes": list(chosen.data.classes),
        "image": list(chosen.data.image_shape),
        "normalisation": NORMALISATION,
        "data": {**configuration.data.model_dump(mode="json"), "dataset": chosen.data.name},
        "net": configuration.net.model_dump(mode="json"),
        "protocol": configuration.protocol.model_dump(mode="json"),
        "layers": _layers(chosen.variant.table),
    }
    return {name: value if isinstance(value, str) else canonical(value) for name, value in values.items()}


def _layers(table: LayerTable) -> list[dict[str, Any]]:
    return [asdict(layer) for layer in table.layers]
