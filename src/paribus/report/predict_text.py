"""What trained nets say of pictures, as a table; and what was exported, in words."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paribus.report.numbers import count, size
from paribus.report.terminal import Legible, said
from paribus.standing import Exported, Prediction, Voters


def predict_text(predictions: Sequence[Prediction]) -> RenderableType:
    """A line for each picture: its class, how probable it is, and how many nets agree.

    Args:
        predictions: What the same nets say of some pictures, at least one.
    """
    voters = predictions[0].voters
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    table.add_column("class", overflow="fold")
    table.add_column("probability", justify="right", no_wrap=True)
    if len(voters.seeds) > 1:
        table.add_column("agreement", no_wrap=True)
    table.add_column("runner-up", overflow="fold")
    for prediction in predictions:
        agreement = [f"{prediction.agreement} of {len(voters.seeds)}"] if len(voters.seeds) > 1 else []
        table.add_row(
            said(prediction.image),
            said(prediction.name, "bold"),
            _share(prediction.probability),
            *agreement,
            said(_runner_up(prediction)),
        )
    return Legible(Group(said(who(voters), "dim"), Text(), table))


def who(voters: Voters) -> str:
    """Who was asked, in a sentence without its full stop."""
    name = f"{voters.study}:{voters.variant}"
    if len(voters.seeds) == 1:
        asked = f"{name}, the net of seed {voters.seeds[0]} (run {voters.run_keys[0][:12]})"
    else:
        asked = f"{name}, vote of {len(voters.seeds)} seeds (mean of their probabilities)"
    if voters.diverged:
        seeds = ", ".join(map(str, voters.diverged))
        asked += f"; {count(len(voters.diverged), 'run')} diverged and {_has(voters)} no vote (seed {seeds})"
    return asked


def exported_text(exported: Exported) -> str:
    """What was written, in a sentence."""
    facts = exported.metadata
    net = f"{facts['study']}:{facts['variant']}, seed {facts['seed']}"
    return f"{exported.path}: {net}, as {exported.format}, {size(exported.size)}"


def _has(voters: Voters) -> str:
    return "has" if len(voters.diverged) == 1 else "have"


def _runner_up(prediction: Prediction) -> str:
    second = prediction.runner_up
    if second is None:
        return ""
    return f"{prediction.classes[second]} ({_share(float(prediction.probabilities[second]))})"


def _share(probability: float) -> str:
    """A probability in percent; one that only rounds to none or all is not called that."""
    if 0 < probability < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return f"{100 * probability:.1f} %"
