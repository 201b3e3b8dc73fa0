"""One run from seed to weights: loop, evaluation, numerics. Knows nothing of stores or studies."""

from paribus.train.numerics import Engine, engines, environment, set_up_process
from paribus.train.run import train

__all__ = ["Engine", "engines", "environment", "set_up_process", "train"]
