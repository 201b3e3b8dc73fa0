"""The competitors by name: which program each is, in which environment it runs, what its loader is."""

from dataclasses import dataclass
from typing import Literal

OURS = "paribus"
"""The competitor that the others are held against."""

OURS_BY_TORCH = "paribus-torch"


@dataclass(frozen=True)
class Competitor:
    """One way to train a run.

    Attributes:
        name: Its name in the table.
        program: Module in ``bench.speed.competitors``.
        arguments: What it is told besides the task.
        packages: What it needs in an environment of the peers; empty for those that run in the project's own.
        environment: Name of that environment. fastai has one for itself: it brings torchvision, which the
            others' packages import where they find it, and which need not fit the torch that is there.
        least: How many times faster than it a run of paribus has to be, on any engine; None where there is no
            bar.
        least_by_kernels: The same for max-same with the kernels.
        precision: Arithmetic it computes with.
    """

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    environment: str = ""
    least: float | None = None
    least_by_kernels: float | None = None
    precision: Literal["float32", "bfloat16"] = "float32"


ROSTER = {
    competitor.name: competitor
    for competitor in (
        Competitor("notebook", "notebook", least=2.2, least_by_kernels=4.0),
        Competitor("tensors", "tensors", least=1.4, least_by_kernels=2.5),
        Competitor(OURS, "paribus_runs"),
        Competitor(OURS_BY_TORCH, "paribus_runs", ("--engine", "torch")),
        Competitor("paribus-bf16", "paribus_runs", ("--precision", "bfloat16"), precision="bfloat16"),
        Competitor(
            "lightning",
            "lightning_trainer",
            packages=("torch", "lightning", "pillow"),
            environment="torch",
            least=2.5,
            least_by_kernels=4.5,
        ),
        Competitor(
            "fastai",
            "fastai_learner",
            packages=("torch", "fastai", "pillow"),
            environment="fastai",
            least=1.0,
        ),
        Competitor(
            "skorch", "skorch_net", packages=("torch", "skorch", "pillow"), environment="torch", least=1.0
        ),
        Competitor("keras-torch", "keras_model", ("torch",), ("torch", "keras"), "torch", least=1.0),
        Competitor("keras-jax", "keras_model", ("jax",), ("jax", "keras"), "jax", least=1.0),
        Competitor("jax", "jax_loop", packages=("jax",), environment="jax", least=1.0),
    )
}

WORDS = {
    "notebook": "the notebook's loop, images through its loader",
    "tensors": "the same loop, tensors in memory",
    OURS: "paribus, one worker a core",
    OURS_BY_TORCH: "paribus without its kernels, by torch alone",
    "paribus-bf16": "paribus, bfloat16",
    "lightning": "Lightning, the notebook's loader",
    "fastai": "fastai, the notebook's loader",
    "skorch": "skorch, tensors in memory",
    "keras-torch": "Keras on torch, arrays in memory",
    "keras-jax": "Keras on JAX, arrays in memory",
    "jax": "plain JAX, jit, arrays in memory",
}
