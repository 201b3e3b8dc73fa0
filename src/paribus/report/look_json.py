"""The document of ``look --json``: what every variant says, its layers, and one value taken apart."""

from collections.abc import Collection

import numpy as np

from paribus.report.json_format import FORMAT, Document
from paribus.report.look_names import first_pixel
from paribus.report.look_pixel import pixel_steps, shown_patch
from paribus.standing.looks import ImageLook, Maps, NetLook
from paribus.standing.pixels import Pixel
from paribus.standing.trained import Prediction


def look_document(looked: ImageLook, *, layers: Collection[str] = ()) -> Document:
    """The document of ``look``.

    Args:
        looked: An image and what the nets make of it; at least one net.
        layers: Names of the layers whose values are in it; of the others it has the shape and the ends.
    """
    voters = looked.predictions[0].voters
    return {
        "format": FORMAT,
        "study": voters.study,
        "study_digest": voters.study_digest,
        "dataset": voters.dataset,
        "classes": list(voters.classes),
        "image": looked.name,
        "label": looked.label,
        "pixels": looked.pixels.tolist(),
        "variants": [
            _variant(looked, net, prediction, layers)
            for net, prediction in zip(looked.nets, looked.predictions, strict=True)
        ],
        "missing": dict(looked.missing),
    }


def _variant(looked: ImageLook, net: NetLook, prediction: Prediction, layers: Collection[str]) -> Document:
    pixel = first_pixel(looked, net)
    return {
        "variant": net.variant,
        "seeds": list(prediction.seeds),
        "label": prediction.label,
        "class": prediction.name,
        "probability": prediction.probability,
        "agreement": prediction.agreement,
        "probabilities": prediction.probabilities.tolist(),
        "by_seed": prediction.by_seed.tolist(),
        "seed": net.seed,
        "logits": net.logits.tolist(),
        "layers": [_layer(name, maps, values=name in layers) for name, maps in net.shown.items()],
        "pixel": None if pixel is None else _pixel(pixel),
    }


def _layer(name: str, maps: Maps, *, values: bool) -> Document:
    return {
        "layer": name,
        "shape": list(maps.shape),
        "least": float(maps.min()),
        "greatest": float(maps.max()),
        "values": maps.tolist() if values else None,
    }


def _pixel(pixel: Pixel) -> Document:
    shown, source = shown_patch(pixel)
    index = shown.sources.index(source)
    return {
        "block": pixel.block,
        "channel": pixel.channel,
        "row": pixel.row,
        "column": pixel.column,
        "value": pixel.value,
        "steps": [{"step": step.name, "sum": step.sum, "value": step.value} for step in pixel_steps(pixel)],
        "source": source,
        "patch": shown.patch[index].tolist(),
        "kernel": shown.kernel[index].tolist(),
        "products": shown.products[index].tolist(),
        "per_channel": np.asarray(pixel.summand.convolution.per_channel).tolist(),
        "bias": pixel.summand.convolution.bias,
        "window_before": pixel.window_before.tolist(),
        "window": pixel.window.tolist(),
        "winner": list(pixel.winner),
    }
