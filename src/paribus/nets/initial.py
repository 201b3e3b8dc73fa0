"""Initial weights: torch's default distributions, drawn from a stream of their own for each parameter.

Because a stream is keyed by (seed, parameter name), a layer of the same name and shape starts with the same
bits in every variant of a round, whatever else differs.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from paribus import streams
from paribus.nets.shapes import Layer, LayerTable

Weights = Mapping[str, npt.NDArray[np.float32]]


def initial_weights(table: LayerTable, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Initial values of every parameter.

    Convolutions and linear layers: uniform in ±1/√fan_in, for weights and biases (torch's default, which is
    He's rule with a = √5). Batch normalization: ones and zeros.

    Args:
        table: The net's layers.
        seed: Seed of the round.

    Returns:
        Parameter name to float32 values.
    """
    return {
        name: _values(layer, name, shape, seed)
        for layer in table.layers
        for name, shape in layer.parameters.items()
    }


def _values(layer: Layer, name: str, shape: tuple[int, ...], seed: int) -> npt.NDArray[np.float32]:
    if layer.kind == "batch_norm":
        return np.full(shape, 1.0 if name.endswith(".weight") else 0.0, dtype=np.float32)
    fan_in = math.prod(layer.parameters[f"{layer.name}.weight"][1:])
    return streams.uniform(math.prod(shape), 1 / math.sqrt(fan_in), seed, "weights", name).reshape(shape)
