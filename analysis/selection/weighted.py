"""The rule `weighted`: the highest weighted mean of the metrics, each scaled from 0 (the worst of
the trials) to 1 (the best of them).

For a trade that can be said in numbers: losing a tenth of one metric's range is worth so much of
another's. `balanced` needs no numbers, but counts a step from one rank to the next the same however
far apart they are. The scale is that of the trials that are compared: one more may turn two over.
"""

from collections.abc import Mapping, Sequence

from analysis.folds import complete_ones
from analysis.runs import TrialView
from analysis.selection.choice import (
    Chosen,
    Criterion,
    by_name,
    candidates,
    highest_first,
    numbers,
    scaled,
    scaled_noise,
    within_noise,
)
from analysis.selection.reasons import compared, reason_of
from analysis.selection.ties import stands, tie_told
from analysis.wording import mode, title
from sweeps.spec.sections import Objective, SearchSpec


def criteria(search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """What this rule compares, and a note where that is not what the spec names."""
    return by_name(search.selection.weights, search)


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The complete trial with the highest weighted mean; None where no trial is eligible."""
    sought, note = criteria(search)
    among = candidates(trials, sought, search)
    if not among:
        return None
    weights = _weights(search, sought)
    scores = {trial.trial: score(share, weights) for trial, share in scaled(among, sought)}
    noise = score(scaled_noise(among, sought), weights)
    order, tied = highest_first(among, scores, noise)
    shares = ", ".join(
        f"{title(c.metric)} {weight:.0%}" for c, weight in zip(sought, weights, strict=True)
    )
    how = f"{shares}; each metric scaled from the worst of them, 0, to the best, 1"
    reason = reason_of(order, tied, lambda first, next_: _why(first, next_, sought, scores))
    told = _tie(order, tied, scores, noise, how) or f"{_highest(order, scores, how)} {reason}"
    return Chosen(
        trial=order[0].trial,
        label=order[0].label,
        rule={"rule": "weighted", "weights": {**search.selection.weights}},
        explanation=" ".join(filter(None, (told, note))),
        numbers=numbers(trials, sought, {t.trial: float(i) for i, t in enumerate(order, 1)}),
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )


def score(shares: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted mean of a trial's scaled metrics; weights sum to 1.

    >>> score((1.0, 0.5), (0.75, 0.25))
    0.875
    """
    return sum(share * weight for share, weight in zip(shares, weights, strict=True))


def _weights(search: SearchSpec, sought: Sequence[Criterion]) -> list[float]:
    """Of each criterion, together 1; one that stands in for several metrics has theirs."""
    weights = dict.fromkeys((c.metric for c in sought), 0.0)
    for name, weight in search.selection.weights.items():
        (compared,) = search.compared([Objective(metric=name, mode=mode(name))])
        weights[compared.metric] += weight
    return [weight / sum(weights.values()) for weight in weights.values()]


def _highest(order: Sequence[TrialView], scores: Mapping[str, float], how: str) -> str:
    return (
        f"{order[0].name} has the highest weighted mean, {scores[order[0].trial]:.2f} of 1 among "
        f"{complete_ones(order)} ({how})."
    )


def _tie(
    order: Sequence[TrialView],
    tied: Sequence[TrialView],
    scores: Mapping[str, float],
    noise: float,
    how: str,
) -> str:
    """What is said of a tie; "" where there is none."""
    if len({scores[t.trial] for t in tied}) < 2:
        return tie_told(tied, len(order), f"the weighted mean ({how})")
    values = {t.trial: f"{scores[t.trial]:.2f}" for t in tied}
    floor = f"{noise:.2g}, what the noise floor of each metric makes of it ({how})."
    of = complete_ones(order)
    return f"{within_noise(tied, of, 'weighted mean', values, floor)} {stands(tied)}"


def _why(
    first: TrialView,
    next_: TrialView,
    sought: Sequence[Criterion],
    scores: Mapping[str, float],
) -> str:
    return (
        f"{first.name} is {compared(first, next_, sought)} than {next_.name}, which makes "
        f"{scores[first.trial]:.2f} against {scores[next_.trial]:.2f}."
    )
