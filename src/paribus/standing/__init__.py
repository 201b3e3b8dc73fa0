"""How a study stands: laid out against its data, its runs recalled from the store, their verdict, its events.

Trains nothing and draws nothing: execute changes how a study stands, report and page show it.
"""

from paribus.standing.activity import Activity, RunningRun, activity
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
from paribus.standing.evidence import Evidence, Predictions, gather
from paribus.standing.layout import Layout, VariantLayout, lay_out
from paribus.standing.noises import with_noises
from paribus.standing.runs import Curves, Failure, RunArrays, Runs
from paribus.standing.state import (
    Ending,
    Outcome,
    Standing,
    assess,
    failed_runs,
    recall,
    recorded_runs,
)
from paribus.standing.trained import Exported, ExportFormat, Prediction, Voters

__all__ = [
    "Activity",
    "Comparison",
    "Curves",
    "Ending",
    "Event",
    "Evidence",
    "ExportFormat",
    "Exported",
    "Failure",
    "Layout",
    "Outcome",
    "Prediction",
    "Predictions",
    "RoundJudged",
    "RunArrays",
    "RunEvaluated",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "RunStepped",
    "RunningRun",
    "Runs",
    "Standing",
    "StudyStarted",
    "StudyStopped",
    "VariantLayout",
    "Voters",
    "activity",
    "assess",
    "failed_runs",
    "gather",
    "lay_out",
    "recall",
    "recorded_runs",
    "with_noises",
]
