"""What is done where trials cannot be told apart: a tie is called one, and what costs less stands
for it.

Minutes are no such cost: they measure how busy a machine was. Counted instead is what the same
configuration costs anywhere: parameters trained, then tokens trained on, then optimizer steps.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from analysis.runs import TrialView
from analysis.wording import plural

UNKNOWN = float("inf")  # a cost that nobody counted comes after all that were
NAMED = 5  # trials that a sentence names


class Cost(NamedTuple):
    """A cost that is the same on every machine: `trains fewer parameters`, and its size."""

    verb: str
    noun: str
    of: Callable[[TrialView], float]


COSTS = (
    Cost("trains", "parameters", lambda t: t.size.get("trainable_parameters", UNKNOWN)),
    Cost("learns from", "tokens", lambda t: t.size.get("tokens", UNKNOWN)),
    Cost("takes", "optimizer steps", lambda t: UNKNOWN if t.steps is None else t.steps),
)


def thrift(trial: TrialView) -> tuple[float, ...]:
    """The last order of trials that a rule does not tell apart: by `COSTS`, then by number."""
    return (*(cost.of(trial) for cost in COSTS), trial.number)


def tied_with_first(
    order: Sequence[TrialView], merit: Mapping[str, object]
) -> tuple[TrialView, ...]:
    """The first of the ordered trials with all of the same merit; () where there is no other."""
    tied = tuple(t for t in order if merit[t.trial] == merit[order[0].trial])
    return tied if len(tied) > 1 else ()


def tie_told(tied: Sequence[TrialView], of: int, by: str) -> str:
    """A tie in words: who cannot be told apart by `by`, that nothing can be chosen where all `of`
    trials tie, and why the first stands for them; "" where there is no tie."""
    if not tied:
        return ""
    names = listed([t.name for t in tied])
    if len(tied) < of:
        return f"This is a tie: {names} cannot be told apart by {by}. {stands(tied)}"
    return (
        f"No choice can be made by {by}: all {plural(of, 'trial')} that could be chosen tie "
        f"({names}). {stands(tied)}"
    )


def listed(names: Sequence[str]) -> str:
    """`A, B and C`; of many the first few and how many more."""
    shown, more = list(names[:NAMED]), len(names) - NAMED
    last = f"{more} more" if more > 0 else shown.pop()
    return f"{', '.join(shown)} and {last}" if shown else last


def cheapest_told(tied: Sequence[TrialView]) -> str:
    """Which of tied trials costs least, and by what: `the cheapest of them is A, which trains the
    fewest parameters`."""
    for cost in COSTS:
        if len({cost.of(trial) for trial in tied}) > 1:
            least = min(tied, key=thrift).name
            return f"the cheapest of them is {least}, which {cost.verb} the fewest {cost.noun}"
    return "nothing known of their cost differs"


def stands(tied: Sequence[TrialView]) -> str:
    """Why the first of tied trials is taken, and not the next, in one sentence."""
    first, next_ = tied[:2]
    for cost in COSTS:
        own, other = cost.of(first), cost.of(next_)
        if own < other:
            against = f" against {other:,.0f}" if other < UNKNOWN else ""
            return (
                f"{first.name} stands for them, since it {cost.verb} fewer {cost.noun} than "
                f"{next_.name} ({own:,.0f}{against})."
            )
    return f"{first.name} stands for them by its number alone: nothing known of their cost differs."
