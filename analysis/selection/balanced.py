"""The rule `balanced`: the lowest mean rank over several metrics.

Each metric ranks the trials (ties share their mean rank) and the ranks are averaged; ties in the
mean go to the first metric, and what then ties is called a tie (`ties.py`). This is how the
flashcards system chose EXP-02 by validation loss, ROUGE-1 and BLEU, though EXP-04 had the lower
validation loss.
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
    mean_ranks,
    numbers,
)
from analysis.selection.reasons import by_ranks, reason_of
from analysis.selection.ties import thrift, tie_told, tied_with_first
from analysis.wording import title
from sweeps.spec.sections import SearchSpec


def criteria(search: SearchSpec) -> tuple[tuple[Criterion, ...], str]:
    """What this rule compares, and a note where that is not what the spec names."""
    return by_name(search.selection.metrics, search)


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The complete trial with the lowest mean rank; None where no trial is eligible."""
    sought, note = criteria(search)
    among = candidates(trials, sought, search)
    if not among:
        return None
    ranks = dict(zip((t.trial for t in among), mean_ranks(among, sought), strict=True))
    level = levels_of(among, sought[0])
    merit = {t.trial: (ranks[t.trial], level[t.trial]) for t in among}
    order = sorted(among, key=lambda t: (*merit[t.trial], *thrift(t)))
    tied = tied_with_first(order, merit)
    reason = reason_of(order, tied, lambda a, b: by_ranks(a, b, sought, ranks))
    names = ", ".join(title(c.metric) for c in sought)
    tie = tie_told(tied, len(order), f"the mean rank over {names}")
    told = (_best(order, ranks, sought), tie or _second(order, ranks, sought[0]))
    return Chosen(
        trial=order[0].trial,
        label=order[0].label,
        rule={"rule": "balanced", "metrics": [c.metric for c in sought]},
        explanation=" ".join(filter(None, (*told, "" if tied else reason, note))),
        numbers=numbers(trials, sought, ranks),
        reason=reason,
        tied=tuple(t.trial for t in tied),
    )


def _best(order: list[TrialView], ranks: dict[str, float], sought: tuple[Criterion, ...]) -> str:
    best = order[0]
    names = ", ".join(title(c.metric) for c in sought)
    places = ", ".join(f"{title(c.metric)} {_place(best, order, c)}" for c in sought)
    return (
        f"{best.name} has the lowest mean rank over {names}: {ranks[best.trial]:.2f} among "
        f"{complete_ones(order)} ({places})."
    )


def _second(order: list[TrialView], ranks: dict[str, float], first: Criterion) -> str:
    """What is said of the second besides the reason; "" where there is none."""
    if len(order) == 1:
        return ""
    best, second = order[:2]
    if ranks[best.trial] == ranks[second.trial]:
        return f"{second.name} has the same mean rank; {title(first.metric)} decided."
    return f"The second is {second.name} with a mean rank of {ranks[second.trial]:.2f}."


def _place(trial: TrialView, among: list[TrialView], criterion: Criterion) -> str:
    levels = levels_of(among, criterion)
    better = sum(levels[t.trial] < levels[trial.trial] for t in among)
    return f"no. {better + 1}"
