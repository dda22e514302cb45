"""The rule `lexicographic`: the best by the first metric; of those as good as it within a tolerance
the best by the second, and so on.

For metrics in an order of importance that no amount of a later one makes up for, e.g. safety before
loss. A tolerance of 0 leaves later metrics ties only; `weighted` and `balanced` trade all of them.
"""

from collections.abc import Sequence

from analysis.folds import complete_ones
from analysis.runs import TrialView
from analysis.selection.choice import (
    Chosen,
    Criterion,
    by_name,
    candidates,
    levels_of,
    noise_of,
    numbers,
    signed,
)
from analysis.selection.reasons import reason_of
from analysis.selection.ties import thrift, tie_told, tied_with_first
from analysis.wording import metric_text, title
from sweeps.spec.sections import SearchSpec


def criteria(search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """What this rule compares, and a note where that is not what the spec names."""
    return by_name(search.selection.metrics, search)


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The last trial left of those that complete; None where no trial is eligible."""
    sought, note = criteria(search)
    among = candidates(trials, sought, search)
    if not among:
        return None
    tolerances = search.selection.tolerances
    left, told = among, []
    dropped: list[TrialView] = []  # the later, the better
    decided: dict[str, Criterion] = {}  # by which metric a trial was left behind
    for criterion in sought:
        within = max(tolerances.get(criterion.metric, 0.0), noise_of(left, criterion))
        kept = as_good(left, criterion, within)
        told.append(_step(criterion, within, kept, left))
        gone = [t for t in left if t not in kept]
        decided |= dict.fromkeys((t.trial for t in gone), criterion)
        dropped = [*sorted(gone, key=lambda t: (signed(t, criterion), *thrift(t))), *dropped]
        left = kept
    level = levels_of(left, sought[-1])
    order = [*sorted(left, key=lambda t: (level[t.trial], *thrift(t))), *dropped]
    best = order[0]
    merit = {t.trial: (decided.get(t.trial), level.get(t.trial)) for t in order}
    tied = tied_with_first(order, merit)
    reason = reason_of(order, tied, lambda a, b: _why(a, b, decided.get(b.trial, sought[-1])))
    names = ", then ".join(title(c.metric) for c in sought)
    first = f"{best.name} is the best of {complete_ones(order)} by {names}."
    tie = tie_told(tied, len(order), names.replace(", then", " and"))
    return Chosen(
        trial=best.trial,
        label=best.label,
        rule={
            "rule": "lexicographic",
            "metrics": [c.metric for c in sought],
            "tolerances": dict(tolerances),
        },
        explanation=" ".join(filter(None, (first, *told, tie or reason, note))),
        numbers=numbers(trials, sought, {t.trial: float(i) for i, t in enumerate(order, 1)}),
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )


def as_good(trials: Sequence[TrialView], criterion: Criterion, tolerance: float) -> list[TrialView]:
    """The trials within `tolerance` (in the metric's unit) of the best of them."""
    best = min(signed(t, criterion) for t in trials)
    return [t for t in trials if signed(t, criterion) <= best + tolerance]


def _step(
    criterion: Criterion, within: float, kept: list[TrialView], before: list[TrialView]
) -> str:
    if len(before) == 1:
        return ""
    best = min(kept, key=lambda t: signed(t, criterion))
    value = metric_text(criterion.metric, best.metrics[criterion.metric], 4)
    how = f"within {within:g} of {value}" if within else f"at {value}"
    return f"{title(criterion.metric)}: {len(kept)} of {len(before)} are {how}."


def _why(best: TrialView, second: TrialView, criterion: Criterion) -> str:
    """Which metric decides between the first and the next, and their values."""
    values = [metric_text(criterion.metric, t.metrics[criterion.metric], 4) for t in (best, second)]
    return (
        f"{title(criterion.metric)} decides between {best.name} and {second.name}: "
        f"{' against '.join(values)}."
    )
