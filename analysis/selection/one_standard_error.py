"""The rule `one_standard_error`: the cheapest trial within one standard error of the best.

Breiman, Friedman, Olshen and Stone (1984, Classification and Regression Trees, 3.4.3); Hastie,
Tibshirani and Friedman (The Elements of Statistical Learning, 7.10). The standard error is that of
the best trial's value: of its repeats (folds, seeds) where there are any, else of the rows or
questions it was measured on. Where none is known the rule says so and takes what `objective` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.runs import TrialView
from analysis.selection import objective
from analysis.selection.cheapness import PRICES, Costs, Price
from analysis.selection.choice import (
    Chosen,
    Criterion,
    candidates,
    levels_of,
    noise_of,
    numbers,
    signed,
)
from analysis.selection.reasons import reason_of
from analysis.selection.ties import UNKNOWN, thrift, tie_told, tied_with_first
from analysis.uncertainty import Error, standard_error
from analysis.wording import metric_text, plural, title
from sweeps.spec.sections import SearchSpec


@dataclass(frozen=True)
class Within:
    """The trials within one standard error of the best, what they cost, and the error."""

    best: TrialView
    trials: tuple[TrialView, ...]
    error: Error
    price: Price
    costs: Costs


def criteria(search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """What this rule compares, and a note where that is not what the spec names."""
    return objective.criteria(search)


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The cheapest complete trial within one standard error of the best; None where no trial is
    eligible."""
    (sought, *_), note = criteria(search)
    among = candidates(trials, [sought], search)
    if not among:
        return None
    levels = levels_of(among, sought)
    order = sorted(among, key=lambda t: (levels[t.trial], *thrift(t)))
    error = standard_error(order[0], sought.metric)
    if error is None:
        return _without(trials, search, order[0], sought)
    kept = within(order, sought, error)
    price = PRICES[search.selection.cheapest_by]
    found = Within(order[0], kept, error, price, price.of(kept))
    merit = {t.trial: (*_cost(t, found), levels[t.trial]) for t in order}
    ranked = sorted(order, key=lambda t: (*merit[t.trial], *thrift(t)))
    tied = tied_with_first(ranked, merit)
    reason = reason_of(ranked, tied, lambda first, next_: _why(first, next_, found))
    tie = tie_told(tied, len(ranked), f"{title(sought.metric)} and {price.noun}")
    told = (_told(ranked[0], found, sought, len(among)), tie or reason, note)
    return Chosen(
        trial=ranked[0].trial,
        label=ranked[0].label,
        rule=_rule(search, sought, error),
        explanation=" ".join(filter(None, told)),
        numbers=numbers(trials, [sought], {t.trial: float(i) for i, t in enumerate(ranked, 1)}),
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )


def _rule(search: SearchSpec, sought: Criterion, error: Error | None) -> dict[str, Any]:
    return {
        "rule": "one_standard_error",
        **sought._asdict(),
        "cheapest_by": search.selection.cheapest_by,
        "standard_error": error and error.size,
        "of": error and error.of,
    }


def _cost(trial: TrialView, found: Within) -> tuple[bool, float]:
    """To rank by: those within the error first, by what they cost."""
    inside = trial in found.trials
    return not inside, found.costs.get(trial.trial, UNKNOWN) if inside else 0.0


def within(order: Sequence[TrialView], sought: Criterion, error: Error) -> tuple[TrialView, ...]:
    """The trials no farther from the first than one standard error, or than rounding makes."""
    first, reach = order[0], max(error.size, noise_of(order, sought))
    return tuple(t for t in order if signed(t, sought) - signed(first, sought) <= reach)


def _told(chosen: TrialView, found: Within, sought: Criterion, of: int) -> str:
    value = metric_text(sought.metric, found.best.metrics[sought.metric], 4)
    best = "its own" if chosen is found.best else f"{found.best.name}'s"
    cost = found.costs.get(chosen.trial)
    known = f" ({found.price.text(cost)})" if cost is not None else ", whose cost is not known"
    return (
        f"{chosen.name} is the cheapest by {found.price.noun}{known} of the "
        f"{plural(len(found.trials), 'trial')}, of {plural(of, 'complete trial')}, within one "
        f"standard error ({found.error.size:.2g}, over {found.error.of}) of the best "
        f"{title(sought.metric)}, {best} {value}."
    )


def _why(first: TrialView, next_: TrialView, found: Within) -> str:
    """Dearer, farther than the error, or as cheap and worse."""
    own, other = found.costs.get(first.trial), found.costs.get(next_.trial)
    if next_ not in found.trials:
        return (
            f"No other trial is within one standard error: {next_.name}, the next, is farther from "
            f"{found.best.name} than {found.error.size:.2g}."
        )
    if own == other or own is None:
        return f"{next_.name} costs the same by {found.price.noun}, and {first.name} is the better."
    dearer = "is not known" if other is None else f"is {found.price.text(other)}"
    return (
        f"{next_.name}, the next within the error, is dearer: its {found.price.noun} {dearer} "
        f"against {found.price.text(own)} of {first.name}."
    )


def _without(
    trials: Sequence[TrialView], search: SearchSpec, best: TrialView, sought: Criterion
) -> Chosen | None:
    found = objective.choose(trials, search)
    if found is None:
        return None
    why = (
        f"The standard error of {best.name}'s {title(sought.metric)} is not known (it has no "
        "repeats, and no results row by row that differ), so the best value decides. Train it "
        "again with search.seeds, or with a version that keeps results row by row."
    )
    return replace(
        found, rule=_rule(search, sought, None), explanation=f"{why} {found.explanation}"
    )
