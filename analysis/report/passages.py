"""The sections on benchmarks, data sets, calibration and safety: one file each, in order."""

from collections.abc import Callable

from analysis.report.benchmarks import benchmark_passage
from analysis.report.clinical import clinical_passage
from analysis.report.pairs import pair_passage
from analysis.report.passage import Passage
from analysis.report.probability_calibration import calibration_passage
from analysis.report.rewards import reward_passage
from analysis.report.subjects import subject_passage
from analysis.report.transfer import transfer_passage
from analysis.runs import Run, TrialView

PASSAGES: tuple[Callable[[Run, TrialView | None], Passage | None], ...] = (
    benchmark_passage,
    subject_passage,
    transfer_passage,
    pair_passage,
    reward_passage,
    calibration_passage,
    clinical_passage,
)


def passages(run: Run, best: TrialView | None) -> list[Passage]:
    """Those for which the run has something to say; `best` is the chosen trial."""
    return [found for make in PASSAGES if (found := make(run, best)) is not None]
