"""What a selection rule returns, and what all rules share: who is eligible, how ranks are made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analysis.runs import TrialView
from analysis.selection.ties import thrift
from analysis.wording import mode, title
from sweeps.spec.bounds import Bound
from sweeps.spec.sections import ACROSS_MODELS, Objective, SearchSpec

SHOWN = 5  # trials that a sentence names


class Criterion(NamedTuple):
    """A metric and its better direction, min or max."""

    metric: str
    mode: str


@dataclass(frozen=True)
class Chosen:
    """The chosen trial and why."""

    trial: str
    label: str | None
    rule: dict[str, Any]  # {"rule": "objective", …}
    explanation: str  # plain sentences
    numbers: list[dict[str, Any]]  # a row a trial: trial, label, state, metrics, rank (null: no)
    front: tuple[str, ...] = field(default=())  # several objectives: the trials none dominates
    reason: str = ""  # in one sentence, why this trial and not the next
    tied: tuple[str, ...] = ()  # it and those that the rule cannot tell from it; () where none

    @property
    def undecided(self) -> bool:
        """Whether the rule tells none of the trials that could be chosen apart."""
        ranked = [row for row in self.numbers if row["rank"] is not None]
        return bool(self.tied) and len(self.tied) == len(ranked)


def eligible(trials: Iterable[TrialView], criteria: Sequence[Criterion]) -> list[TrialView]:
    """Complete trials that have every metric of `criteria`."""
    return [
        t for t in trials if t.state == "complete" and all(c.metric in t.metrics for c in criteria)
    ]


def candidates(
    trials: Iterable[TrialView], criteria: Sequence[Criterion], search: SearchSpec
) -> list[TrialView]:
    """Of `eligible` those that keep all of the spec's constraints."""
    return [t for t in eligible(trials, criteria) if not broken(t, search)]


def broken(trial: TrialView, search: SearchSpec) -> list[Bound]:
    """The constraints that a trial does not keep; one on a metric that it lacks is not kept."""
    return [b for b in search.selection.bounds if not b.holds(trial.metrics.get(b.metric))]


def scaled(
    trials: Sequence[TrialView], criteria: Sequence[Criterion]
) -> list[tuple[TrialView, tuple[float, ...]]]:
    """Each trial with its metrics from 0 (the worst of `trials`) to 1 (the best); 1 where all have
    the same value, or rounding alone may set the best and the worst apart."""
    columns = []
    for criterion in criteria:
        values = [signed(t, criterion) for t in trials]
        best, worst = min(values), max(values)
        same = worst - best <= noise_of(trials, criterion)
        columns.append([1.0 if same else (worst - v) / (worst - best) for v in values])
    return [(t, tuple(row)) for t, row in zip(trials, zip(*columns, strict=True), strict=True)]


def scaled_noise(trials: Sequence[TrialView], criteria: Sequence[Criterion]) -> list[float]:
    """How far rounding alone may set two values of `scaled` apart, by metric."""
    found = []
    for criterion in criteria:
        values = [signed(t, criterion) for t in trials]
        spread, floor = max(values) - min(values), noise_of(trials, criterion)
        found.append(floor / spread if spread > floor else 0.0)
    return found


def highest_first(
    trials: Sequence[TrialView], scores: Mapping[str, float], noise: float
) -> tuple[list[TrialView], list[TrialView]]:
    """The trials by their scores, and those that are no more than `noise` below the highest where
    they are several: they are a tie, and come first by `thrift`."""
    best = max(scores.values())
    order = sorted(trials, key=lambda t: (-scores[t.trial], *thrift(t)))
    tied = sorted((t for t in order if best - scores[t.trial] <= noise), key=thrift)
    return [*tied, *order[len(tied) :]], tied if len(tied) > 1 else []


def comparable(
    written: Sequence[Objective], search: SearchSpec
) -> tuple[tuple[Criterion, ...], str]:
    """What `search` compares for metrics as they are written, and a sentence where that differs
    ("" where not): where several base models are searched, a loss per token is replaced."""
    compared = search.compared(written)
    criteria = tuple(Criterion(o.metric, o.mode) for o in compared)
    replaced = [o.metric for o in written if o not in compared]
    if not replaced:
        return criteria, ""
    names = " and ".join(title(m) for m in dict.fromkeys(replaced))
    note = (
        f"Several base models are compared and their tokens differ, so "
        f"{title(ACROSS_MODELS.metric)} stands in for {names}."
    )
    return criteria, note


def by_name(metrics: Iterable[str], search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """As `comparable`, of metrics by their names, each in its usual direction."""
    return comparable([Objective(metric=name, mode=mode(name)) for name in metrics], search)


def mean_ranks(trials: Sequence[TrialView], criteria: Sequence[Criterion]) -> list[float]:
    """Each trial's rank (1 is best, ties share their mean rank), averaged over the criteria. Values
    that rounding alone sets apart are a tie."""
    if not trials:
        return []
    from scipy.stats import rankdata

    levels = [levels_of(trials, c) for c in criteria]
    ranks = [rankdata([level[t.trial] for t in trials], method="average") for level in levels]
    return [sum(float(r[i]) for r in ranks) / len(ranks) for i in range(len(trials))]


def signed(trial: TrialView, criterion: Criterion) -> float:
    """The metric turned so that lower is better."""
    value = trial.metrics[criterion.metric]
    return value if criterion.mode == "min" else -value


def levels_of(trials: Sequence[TrialView], criterion: Criterion) -> dict[str, int]:
    """{trial: 0 for the best value and all that cannot be told apart from it, 1 for the best of
    the others and what cannot be told apart from that, …}; equal values alone, where no noise floor
    is known (float32, other metrics than losses, runs of earlier versions)."""
    levels: dict[str, int] = {}
    first: TrialView | None = None
    level = -1
    for trial in sorted(trials, key=lambda t: signed(t, criterion)):
        if first is None or not alike(first, trial, criterion):
            first, level = trial, level + 1
        levels[trial.trial] = level
    return levels


def alike(one: TrialView, other: TrialView, criterion: Criterion) -> bool:
    """Whether two trials' values differ by no more than rounding alone may set them apart."""
    floor = noise_of((one, other), criterion)
    return abs(signed(one, criterion) - signed(other, criterion)) <= floor


def noise_of(trials: Iterable[TrialView], criterion: Criterion) -> float:
    """The largest noise floor of a metric among trials; 0 where none is known."""
    return max((t.noise.get(criterion.metric, 0.0) for t in trials), default=0.0)


def numbers(
    trials: Sequence[TrialView], criteria: Sequence[Criterion], ranks: dict[str, float]
) -> list[dict[str, Any]]:
    """The rows behind the choice, best rank first; trials that could not be chosen come last."""
    rows = [
        {
            "trial": t.trial,
            "label": t.label,
            "state": t.state,
            **{c.metric: t.metrics.get(c.metric) for c in criteria},
            "rank": ranks.get(t.trial),
        }
        for t in trials
    ]
    return sorted(rows, key=lambda row: row["rank"] if row["rank"] is not None else float("inf"))


def within_noise(
    tied: Sequence[TrialView], of: str, what: str, values: Mapping[str, str], floor: str
) -> str:
    """A sentence that names the trials, the chosen one first, which rounding alone may set apart;
    `of` says among how many, `floor` how far."""
    shown = [f"{t.name} ({values[t.trial]})" for t in tied]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return (
        f"{tied[0].name} is one of {len(tied)} trials, of {of}, whose {what} cannot be told apart "
        f"at this precision: {', '.join(shown[:SHOWN])}{more}. They differ by no more than {floor}"
    )
