"""Which trial each of the other rules, and each metric alone, would have chosen."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analysis.runs import TrialView
from analysis.selection import RULES, choose
from analysis.selection.cheapness import PRICES
from analysis.wording import mode, title
from sweeps.spec.sections import Objective, SearchSpec, Selection


class Alternative(NamedTuple):
    """What would have chosen, in words, and the id of the trial."""

    by: str
    trial: str


def alternatives(
    trials: Sequence[TrialView], search: SearchSpec, metrics: Iterable[str]
) -> list[Alternative]:
    """The choice of every rule that can choose among these trials, and of each of `metrics` alone.

    The spec's constraints hold for all. Weights that it does not give are equal, tolerances 0. The
    rule one_standard_error is left out where no standard error is known.
    """
    asked = [*_rules(search), *_metrics(search, metrics)]
    return [
        Alternative(by, found.trial)
        for by, other in asked
        if (found := choose(trials, other)) is not None
        and found.rule.get("standard_error", 0.0) is not None
    ]


def _rules(search: SearchSpec) -> Iterator[tuple[str, SearchSpec]]:
    names = search.selection.metrics
    equal = dict.fromkeys(names, 1.0)
    ranked = ", ".join(map(title, names))
    words = {
        "balanced": f"rule balanced ({ranked})",
        "weighted": f"rule weighted ({_weights(search.selection.weights or equal)})",
        "lexicographic": f"rule lexicographic ({ranked})",
        "one_standard_error": (
            f"rule one_standard_error ({PRICES[search.selection.cheapest_by].noun})"
        ),
    }
    for rule in RULES:
        if rule == ("knee" if len(search.objectives) == 1 else "one_standard_error"):
            continue
        written = {"rule": rule, "weights": search.selection.weights or equal}
        yield words.get(rule, f"rule {rule}"), _by(search, search.selection, **written)


def _metrics(search: SearchSpec, metrics: Iterable[str]) -> Iterator[tuple[str, SearchSpec]]:
    for name in metrics:
        alone = search.model_copy(update={"objective": Objective(metric=name, mode=mode(name))})
        yield f"{title(name)} alone", _by(alone, search.selection, rule="objective")


def _by(search: SearchSpec, selection: Selection, **changes: object) -> SearchSpec:
    return search.model_copy(update={"selection": selection.model_copy(update=changes)})


def _weights(weights: dict[str, float]) -> str:
    total = sum(weights.values())
    return ", ".join(f"{title(name)} {weight / total:.0%}" for name, weight in weights.items())
