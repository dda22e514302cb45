"""The rule `knee`: of the trials on the Pareto front the one beyond which more of one objective
costs most of the others.

For several objectives without a weighting: each is scaled from 0 (worst of the front) to 1 (best),
and the trial farthest from the line through the front's ends is taken (Das 1999, On characterizing
the "knee" of the Pareto curve based on normal-boundary intersection). `objective` averages ranks,
which ignore how far apart trials are. A front of one or two trials has no knee: the rule says so
and takes what `objective` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.runs import TrialView
from analysis.selection import objective
from analysis.selection.choice import (
    Chosen,
    Criterion,
    candidates,
    highest_first,
    numbers,
    scaled,
    scaled_noise,
    within_noise,
)
from analysis.selection.reasons import reason_of
from analysis.selection.ties import stands, tie_told
from analysis.wording import plural, title
from sweeps.spec.sections import SearchSpec

LEAST = 3  # trials of a front with a knee: its two ends and one between them


def criteria(search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """What this rule compares, and a note where that is not what the spec names."""
    return objective.criteria(search)


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The complete trial at the front's knee; None where no trial is eligible."""
    sought, note = criteria(search)
    among = candidates(trials, sought, search)
    if not among:
        return None
    on_front = objective.pareto(among, sought)
    front = [t for t in among if t.trial in on_front]
    if len(front) < LEAST:
        return _without(trials, search, len(front))
    bulges = {t.trial: bulge(shares) for t, shares in scaled(front, sought)}
    noise = sum(scaled_noise(front, sought))
    order, tied = highest_first(front, bulges, noise)
    reason = reason_of(order, tied, lambda first, next_: _why(first, next_, bulges))
    return Chosen(
        trial=order[0].trial,
        label=order[0].label,
        rule={"rule": "knee", "objectives": [c._asdict() for c in sought]},
        explanation=" ".join(filter(None, (*_told(order, tied, sought, bulges, noise), note))),
        numbers=numbers(trials, sought, {t.trial: float(i) for i, t in enumerate(order, 1)}),
        front=on_front,
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )


def _told(
    order: Sequence[TrialView],
    tied: Sequence[TrialView],
    sought: Sequence[Criterion],
    bulges: Mapping[str, float],
    noise: float,
) -> tuple[str, str]:
    """What the knee is, or that there are several, and the reason."""
    if not tied:
        return _knee(order, sought), _why(order[0], order[1], bulges)
    if len({bulges[t.trial] for t in tied}) > 1:
        return _within_noise(tied, len(order), bulges, noise), stands(tied)
    return "", tie_told(tied, len(order), "their distance from the line through the front's ends")


def _knee(order: Sequence[TrialView], sought: Sequence[Criterion]) -> str:
    names = ", ".join(title(c.metric) for c in sought)
    return (
        f"{order[0].name} is the knee of the Pareto front of {plural(len(order), 'trial')} over "
        f"{names}: beyond it, more of one costs most of the others."
    )


def _why(first: TrialView, next_: TrialView, bulges: Mapping[str, float]) -> str:
    return (
        f"{first.name} lies farther from the line through the front's ends than {next_.name}: "
        f"{bulges[first.trial]:.2f} against {bulges[next_.trial]:.2f} of the front's ranges."
    )


def _within_noise(
    tied: Sequence[TrialView], of: int, bulges: Mapping[str, float], noise: float
) -> str:
    values = {t.trial: f"{bulges[t.trial]:.2f}" for t in tied}
    what = "distance from the line through its ends"
    floor = f"{noise:.2g}, what the noise floor of each objective makes of it."
    return within_noise(tied, f"{plural(of, 'trial')} on the Pareto front", what, values, floor)


def bulge(shares: Sequence[float]) -> float:
    """How far a point lies from the plane through the ends of its front, towards the ideal: of its
    objectives scaled from 0 (worst of the front) to 1 (best); 0 for two objectives' ends.

    >>> bulge((0.75, 0.75)), bulge((0.0, 1.0))
    (0.5, 0.0)
    """
    return sum(shares) - 1


def _without(trials: Sequence[TrialView], search: SearchSpec, size: int) -> Chosen | None:
    found = objective.choose(trials, search)
    if found is None:
        return None
    why = f"The Pareto front has {plural(size, 'trial')}, too few for a knee."
    rule = {**found.rule, "rule": "knee"}
    return replace(found, rule=rule, explanation=f"{why} {found.explanation}")
