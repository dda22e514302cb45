"""What to bear in mind of a choice, of the sweep at hand."""

from collections.abc import Iterator

from analysis.decision import Decision
from analysis.degenerate import degenerate
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.wording import metric_text, title
from sweeps.readiness.data_warnings import data_warnings
from trainables.evaluation.metric_names import REWARD
from trainables.rewards.config import short_name

WEIGHTS = "reward.weights"
SPOILT = 0.5  # of its answers say nothing
CUT = "truncated"  # the share of sampled answers that the limit of their length ended


def cautions(run: Run, trial: TrialView) -> Iterator[str]:
    """Sentences on rows lost or cut, on a goal that the base model meets as well, on one that is
    searched itself, and on answers without an end."""
    yield from (f"Caution: {sentence}." for sentence in lost_or_cut(run))
    yield from nothing_gained(run, trial)
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


def nothing_gained(run: Run, trial: TrialView) -> Iterator[str]:
    """A sentence where by nothing that was sought the chosen trial is better than its untouched
    base model (of which rounding alone makes nothing)."""
    base = run.base_of(trial)
    found = [
        (c, base.metrics[c.metric], trial.metrics[c.metric])
        for c in criteria(run.search)
        if base is not None and c.metric in base.metrics and c.metric in trial.metrics
    ]
    gains = [
        (before - after if c.mode == "min" else after - before) - trial.noise.get(c.metric, 0.0)
        for c, before, after in found
    ]
    if found and max(gains) <= 0:
        told = ", ".join(
            f"{title(c.metric)} {metric_text(c.metric, before)} → {metric_text(c.metric, after)}"
            for c, before, after in found
        )
        yield (
            f"Caution: by what was sought it is no better than the untouched base model ({told}): "
            "nothing is gained by shipping it."
        )


def unfit(decision: Decision) -> bool:
    """Whether a caution speaks against shipping the choice at all: nothing is gained by it, or most
    of its answers say nothing."""
    run, trial = decision.run, decision.best
    if trial is None:
        return False
    spoilt = degenerate(trial)
    return any(nothing_gained(run, trial)) or (spoilt is not None and spoilt.worst >= SPOILT)


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
