"""Step sizes against torch's own schedulers."""

import pytest
import torch

from paribus.errors import StudyError
from paribus.spec import Protocol, Study
from paribus.train.schedule import learning_rate

TOTAL = 40


def torchs(schedule: str) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    kinds = torch.optim.lr_scheduler
    scheduler: torch.optim.lr_scheduler.LRScheduler
    if schedule == "cosine":
        scheduler = kinds.CosineAnnealingLR(optimizer, T_max=TOTAL)
    elif schedule == "one-cycle":
        scheduler = kinds.OneCycleLR(optimizer, max_lr=0.3, total_steps=TOTAL, cycle_momentum=False)
    elif schedule == "step":
        scheduler = kinds.StepLR(optimizer, step_size=15, gamma=0.5)
    else:
        scheduler = kinds.ConstantLR(optimizer, factor=1.0)
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle", "step"])
def test_step_sizes_are_those_of_torchs_schedulers(schedule: str) -> None:
    more = {"step_every": 15, "step_factor": 0.5} if schedule == "step" else {}
    protocol = Protocol.model_validate(
        {"iterations": TOTAL, "learning_rate": 0.3, "schedule": schedule, **more}
    )
    rates = [learning_rate(protocol, iteration, TOTAL) for iteration in range(1, TOTAL + 1)]
    assert rates == pytest.approx(torchs(schedule), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("total", [1, 2, 3, 4])
@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_the_shortest_runs_have_step_sizes_too(schedule: str, total: int) -> None:
    protocol = Protocol.model_validate({"iterations": total, "learning_rate": 0.3, "schedule": schedule})
    rates = [learning_rate(protocol, iteration, total) for iteration in range(1, total + 1)]
    assert all(0 < rate <= 0.3 for rate in rates)


def test_step_fields_belong_to_schedule_step() -> None:
    for fields in ({"schedule": "step"}, {"step_every": 5}, {"step_factor": 0.5}):
        with pytest.raises(StudyError, match=r"step_(every|factor)"):
            Study(
                name="s", protocol={"iterations": 10, **fields}, variants={"a": {}, "b": {"net.pool": "avg"}}
            )
