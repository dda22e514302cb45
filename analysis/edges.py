"""Where the chosen values stand at the ends of what was searched, and what to try next.

At an end: the first or last of a list of numbers, or within 5% of a range (of its logarithm where
that is what is searched). No sentence where the field itself goes no further.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from analysis.folds import repeat_paths
from analysis.runs import Run, TrialView, is_number
from analysis.wording import value_text
from search_spaces.distributions import Categorical, IntUniform, LogUniform, Uniform
from search_spaces.schema import check_value
from trainables.kinds import KINDS, kind_of

NEAR = 0.05  # of a range's width
STEPS = (1.0, 0.5, 0.25)  # shares of the step that are tried where the field allows no whole one
Number = int | float
Allowed = Callable[[str, Number], bool]


@dataclass(frozen=True)
class Edge:
    """A parameter whose chosen value is an end of what was searched."""

    path: str
    value: Number
    end: str  # lowest, or highest
    searched: tuple[Number, Number]
    next: tuple[Number, Number]  # from the end on: the range to try

    def told(self) -> str:
        """In words, without a full stop."""
        low, high = map(value_text, self.searched)
        ahead = f"{value_text(self.next[0])} to {value_text(self.next[1])}"
        return (
            f"{self.path} is {value_text(self.value)}, at the {self.end} end of {low} to {high}: "
            f"try {ahead}"
        )


def edges(run: Run, trial: TrialView) -> list[Edge]:
    """Of the searched parameters that are numbers; not of folds and seeds, which are no choice."""
    repeats, allowed = repeat_paths(run.search), _allowed(run)
    found = []
    for path, parameter in run.search.parameters.items():
        value: Any = trial.parameters.get(path)
        if path not in repeats and parameter.times is None and is_number(value):
            found.append(_edge(path, value, parameter.to_distribution(), allowed))
    return [edge for edge in found if edge is not None]


def edges_told(found: Iterable[Edge]) -> str:
    """A sentence; "" where no chosen value is an end."""
    told = "; ".join(edge.told() for edge in found)
    return (
        f"At the end of what was searched: {told}. The best value may lie beyond." if told else ""
    )


def as_facts(found: Iterable[Edge]) -> list[dict[str, Any]]:
    """For best.json."""
    return [{**asdict(edge), "searched": [*edge.searched], "next": [*edge.next]} for edge in found]


def _edge(path: str, value: Number, distribution: Any, allowed: Allowed) -> Edge | None:
    match distribution:
        case Categorical(values) if all(map(is_number, values)):
            ends = sorted(set(values))
            near, steps = 0.0, _of_list(ends)
        case LogUniform(low, high, _):
            ends, near, steps = [low, high], NEAR * math.log(high / low), _by_ratio(low, high)
        case IntUniform() | Uniform():
            ends = [distribution.low, distribution.high]
            near, steps = NEAR * (ends[1] - ends[0]), _by_width(*ends)
        case _:
            return None
    if len(ends) < 2 or ends[0] == ends[-1]:
        return None
    scale = math.log if isinstance(distribution, LogUniform) else float
    for place, name, step in ((0, "lowest", steps[0]), (-1, "highest", steps[1])):
        if abs(scale(value) - scale(ends[place])) <= near:
            beyond = next((n for n in step() if n != ends[place] and allowed(path, n)), None)
            if beyond is None:
                return None
            ahead = (beyond, ends[0]) if place == 0 else (ends[-1], beyond)
            return Edge(path, value, name, (ends[0], ends[-1]), ahead)
    return None


Beyond = tuple[Callable[[], Iterator[Number]], Callable[[], Iterator[Number]]]


def _by_ratio(low: float, high: float) -> Beyond:
    """A decade further, or as far again where less was searched; then less."""
    ratio = min(10.0, high / low)
    return (
        lambda: (_tidy(low / ratio**share) for share in STEPS),
        lambda: (_tidy(high * ratio**share) for share in STEPS),
    )


def _by_width(low: Number, high: Number) -> Beyond:
    """As far again as what was searched; then less. Whole numbers stay whole."""
    kind = int if isinstance(low, int) and isinstance(high, int) else _tidy
    width = high - low
    return (
        lambda: (kind(low - share * width) for share in STEPS),
        lambda: (kind(high + share * width) for share in STEPS),
    )


def _of_list(ends: list[Number]) -> Beyond:
    """One step further, as the list goes: by its last ratio where it grows by factors, else by its
    last difference."""
    if len(ends) < 2:
        return (lambda: iter(()), lambda: iter(()))
    whole = all(isinstance(n, int) for n in ends)

    def further(end: Number, before: Number) -> Iterator[Number]:
        if ends[0] > 0 and _by_factors(ends):
            yield _whole(end * end / before, whole)
        yield _whole(end + (end - before), whole)

    return (lambda: further(ends[0], ends[1]), lambda: further(ends[-1], ends[-2]))


def _by_factors(ends: list[Number]) -> bool:
    """Whether a list of numbers above 0 goes on by factors (8, 16, 32), not by even steps."""
    pairs = list(pairwise(ends))
    steps, ratios = [b - a for a, b in pairs], [b / a for a, b in pairs]
    even = len(steps) > 1 and max(steps) - min(steps) <= 0.01 * max(steps)
    return not even and min(ratios) >= 1.5


def _whole(number: float, whole: bool) -> Number:
    """As the list's numbers are: whole, and then above 0 where the number is."""
    if not whole:
        return _tidy(number)
    return max(1, round(number)) if number > 0 else round(number)


def _tidy(number: float) -> float:
    """Three significant digits."""
    return float(f"{number:.3g}")


def _allowed(run: Run) -> Allowed:
    """Whether a field takes a value; none does where this version has no such kind or field."""
    kind = KINDS.get(kind_of(run.trial))

    def takes(path: str, value: Number) -> bool:
        with suppress(KeyError):
            return kind is not None and check_value(kind, path, value, run.trial) is None
        return False

    return takes
