"""The rule `objective`: the best complete trial by what the sweep optimised.

One objective: its best value. A difference that is no larger than the noise floor of the sweep's
precision is a tie, for which the cheapest stands (`ties.py`). Several: the lowest mean rank over
the objectives, which, but for such ties, is never a dominated trial (whoever dominates it has no
worse rank anywhere and a better one somewhere).
"""

from collections.abc import Sequence

from analysis.folds import complete_ones
from analysis.runs import TrialView
from analysis.selection.choice import (
    Chosen,
    Criterion,
    alike,
    candidates,
    comparable,
    levels_of,
    mean_ranks,
    noise_of,
    numbers,
    signed,
    within_noise,
)
from analysis.selection.reasons import ahead, by_ranks, reason_of
from analysis.selection.ties import stands, thrift, tie_told, tied_with_first
from analysis.wording import metric_text, plural, title
from sweeps.spec.sections import SearchSpec


def criteria(search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """What this rule compares, and a note where that is not what the spec names."""
    return comparable(search.written_objectives, search)


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The best complete trial by the sweep's objectives; None where no trial is eligible."""
    sought, note = criteria(search)
    among = candidates(trials, sought, search)
    if not among:
        return None
    if len(sought) == 1:
        return _by_value(trials, among, sought[0], note)
    return _by_rank(trials, among, sought, note)


def pareto(trials: Sequence[TrialView], sought: Sequence[Criterion]) -> tuple[str, ...]:
    """The trials that no other is at least as good as everywhere and better than somewhere; what
    rounding alone may set apart is as good."""
    levels = [levels_of(trials, c) for c in sought]

    def dominates(one: TrialView, other: TrialView) -> bool:
        no_worse = all(level[one.trial] <= level[other.trial] for level in levels)
        return no_worse and any(_better(one, other, c) for c in sought)

    return tuple(t.trial for t in trials if not any(dominates(other, t) for other in trials))


def _better(one: TrialView, other: TrialView, criterion: Criterion) -> bool:
    return signed(one, criterion) < signed(other, criterion) and not alike(one, other, criterion)


def _by_value(
    trials: Sequence[TrialView], among: list[TrialView], sought: Criterion, note: str
) -> Chosen:
    levels = levels_of(among, sought)
    order = sorted(among, key=lambda t: (levels[t.trial], *thrift(t)))
    best, tied = order[0], tied_with_first(order, levels)
    reason = reason_of(order, tied, lambda first, second: ahead(first, second, sought))
    beyond = order[len(tied)] if 0 < len(tied) < len(order) else None
    told = (_first(order, tied, sought), "" if tied else reason)
    lead = ahead(best, beyond, sought) if beyond else ""
    return Chosen(
        trial=best.trial,
        label=best.label,
        rule={"rule": "objective", "metric": sought.metric, "mode": sought.mode},
        explanation=" ".join(filter(None, (*told, lead, note))),
        numbers=numbers(trials, [sought], {t.trial: float(i) for i, t in enumerate(order, 1)}),
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )


def _first(order: list[TrialView], tied: Sequence[TrialView], sought: Criterion) -> str:
    """Why the first is the first: the best value, or that it is one of those that tie."""
    value = metric_text(sought.metric, order[0].metrics[sought.metric], 4)
    if len({t.metrics[sought.metric] for t in tied}) > 1:
        whole = len(tied) == len(order)
        tie = tie_told(tied, len(order), title(sought.metric)) if whole else stands(tied)
        return f"{_of_several(order, tied, sought)} {tie}"
    tie = tie_told(tied, len(order), f"{title(sought.metric)} ({value} each)")
    return tie if len(tied) == len(order) else " ".join(filter(None, (_of_one(order, sought), tie)))


def _of_one(order: list[TrialView], sought: Criterion) -> str:
    """The best value, among how many."""
    extreme = "lowest" if sought.mode == "min" else "highest"
    value = metric_text(sought.metric, order[0].metrics[sought.metric], 4)
    return (
        f"{order[0].name} has the {extreme} {title(sought.metric)}, {value}, of "
        f"{complete_ones(order)}."
    )


def _of_several(order: list[TrialView], tied: Sequence[TrialView], sought: Criterion) -> str:
    """The trials within the noise floor of the best, the chosen one first."""
    values = {t.trial: metric_text(sought.metric, t.metrics[sought.metric], 4) for t in tied}
    floor = (
        f"{noise_of(tied, sought):.2g}, the noise floor: rounding alone can set two such numbers "
        "as far apart."
    )
    of = complete_ones(order)
    return within_noise(tied, of, title(sought.metric), values, floor)


def _by_rank(
    trials: Sequence[TrialView],
    among: list[TrialView],
    sought: tuple[Criterion, ...],
    note: str,
) -> Chosen:
    ranks = dict(zip((t.trial for t in among), mean_ranks(among, sought), strict=True))
    level = levels_of(among, sought[0])
    merit = {t.trial: (ranks[t.trial], level[t.trial]) for t in among}
    order = sorted(among, key=lambda t: (*merit[t.trial], *thrift(t)))
    best, tied = order[0], tied_with_first(order, merit)
    front = pareto(among, sought)
    rounding = " by more than rounding makes" if any(noise_of(among, c) for c in sought) else ""
    names = ", ".join(title(c.metric) for c in sought)
    reason = reason_of(order, tied, lambda a, b: by_ranks(a, b, sought, ranks))
    sentences = [
        f"{best.name} has the lowest mean rank over the objectives ({names}), "
        f"{ranks[best.trial]:.2f} among {complete_ones(among)}.",
        tie_told(tied, len(order), f"the mean rank over {names}") or reason,
        f"{plural(len(front), 'trial')} lie on the Pareto front (no other trial is as good "
        f"everywhere and better somewhere{rounding}); which of them is best depends on what you "
        "value.",
        note,
    ]
    return Chosen(
        trial=best.trial,
        label=best.label,
        rule={"rule": "objective", "objectives": [c._asdict() for c in sought]},
        explanation=" ".join(filter(None, sentences)),
        numbers=numbers(trials, sought, ranks),
        front=front,
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )
