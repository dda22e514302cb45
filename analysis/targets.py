"""Whether the chosen trial meets `search.selection.targets`, as far as its measurements tell."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from analysis.runs import Run, TrialView
from analysis.uncertainty import Interval, interval_of
from analysis.wording import metric_text, title
from sweeps.reading.metric_groups import group_of
from sweeps.spec.bounds import Bound

Verdict = Literal["met", "not met", "undecided"]


@dataclass(frozen=True)
class Judged:
    """A target, what the trial measured of it, and what that says."""

    target: str
    verdict: Verdict
    metric: str
    value: float | None
    interval: Interval | None  # 95%; null where none is known, or the value is a cost
    of: str | None  # what the interval is of: `500 questions`, `3 repeats`

    def told(self) -> str:
        """In a sentence."""
        if self.value is None:
            return f"Target {self.target}: {self.verdict}, since it was not measured."
        value = f"{title(self.metric)} is {metric_text(self.metric, self.value)}"
        if self.interval:
            low, high = (metric_text(self.metric, end) for end in self.interval)
            value += f" (95% interval {low} to {high}; {self.of})"
        elif self.verdict == "undecided":
            value += ", of which no interval is known"
        return f"Target {self.target}: {self.verdict}; {value}."


def targets(run: Run, trial: TrialView) -> list[Judged]:
    """Each target with its verdict; `trial` has the means over its repeats as its metrics."""
    return [judged(trial, target) for target in run.search.selection.aims]


def judged(trial: TrialView, target: Bound) -> Judged:
    """Met where all of the 95% interval keeps the bound, not met where all of it breaks the bound,
    else undecided. A cost (memory, minutes) is no sample: its value decides."""
    value = trial.metrics.get(target.metric)
    sampled = value is not None and not _is_cost(target.metric)
    found = interval_of(trial, target.metric) if sampled else None
    interval, of = found or (None, None)
    exact = None if value is None or sampled else (value, value)
    return Judged(
        str(target), _verdict(target, interval or exact), target.metric, value, interval, of
    )


def as_facts(found: list[Judged]) -> list[dict[str, Any]]:
    """For best.json."""
    return [{**asdict(t), "interval": t.interval and [*t.interval]} for t in found]


def _verdict(target: Bound, ends: Interval | None) -> Verdict:
    if ends is None or target.holds(ends[0]) != target.holds(ends[1]):
        return "undecided"
    return "met" if target.holds(ends[0]) else "not met"


def _is_cost(metric: str) -> bool:
    return group_of(metric) == "cost"
