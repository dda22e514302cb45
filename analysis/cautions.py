"""What to bear in mind of a choice, of the sweep at hand."""

from collections.abc import Iterator

from analysis.runs import Run, TrialView
from analysis.selection import criteria
from sweeps.readiness.data_warnings import data_warnings
from trainables.evaluation.metric_names import REWARD
from trainables.rewards.config import short_name

WEIGHTS = "reward.weights"
CUT = "truncated"  # the share of sampled answers that the limit of their length ended


def cautions(run: Run, trial: TrialView) -> Iterator[str]:
    """Sentences on rows lost or cut, on a goal that is searched itself, and on answers without an
    end."""
    yield from (f"Caution: {sentence}." for sentence in lost_or_cut(run))
    for metric in dict.fromkeys(c.metric for c in criteria(run.search)):
        if _is_searched(metric, trial):
            yield (
                f"Caution: {metric} is one of the rewards whose weights are searched: trials that "
                "weigh it more have more of it, whether or not their answers are better."
            )
    if trial.metrics.get(CUT) == 1:
        yield (
            "Caution: every sampled answer ends at the length limit, none by itself: what is "
            "measured of them is of answers cut short."
        )


def lost_or_cut(run: Run) -> list[str]:
    """What must be told of the run's data sets, each sentence once."""
    reports = (report for report in run.data.values() if isinstance(report, dict))
    return list(dict.fromkeys(told for report in reports for told in data_warnings(report)))


def _is_searched(metric: str, trial: TrialView) -> bool:
    if not metric.startswith(REWARD):
        return False
    name = metric.removeprefix(REWARD)
    for path, value in trial.parameters.items():
        _, found, key = f".{path}".partition(f".{WEIGHTS}")
        weighed = [key[1:]] if key else list(value) if found and isinstance(value, dict) else []
        if name in map(short_name, weighed):
            return True
    return False
