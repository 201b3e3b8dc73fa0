"""How a study stands: laid out against its data, its runs recalled from the store, their verdict, its events.

Trains nothing and draws nothing: execute changes how a study stands, report and page show it.
"""

from paribus.standing.comparison import Comparison
from paribus.standing.events import (
    Event,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStepped,
    StudyStarted,
    StudyStopped,
)
from paribus.standing.layout import Layout, VariantLayout, lay_out
from paribus.standing.noises import with_noises
from paribus.standing.state import (
    Ending,
    Failure,
    Outcome,
    Runs,
    Standing,
    assess,
    failed_runs,
    recall,
    recorded_runs,
)

__all__ = [
    "Comparison",
    "Ending",
    "Event",
    "Failure",
    "Layout",
    "Outcome",
    "RoundJudged",
    "RunEvaluated",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "RunStepped",
    "Runs",
    "Standing",
    "StudyStarted",
    "StudyStopped",
    "VariantLayout",
    "assess",
    "failed_runs",
    "lay_out",
    "recall",
    "recorded_runs",
    "with_noises",
]
