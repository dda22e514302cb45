"""The course of a confirmation: which runs are due, who dropped out, whether it is over.

All of it follows from what was asked and from the runs that have ended, so a driver that was killed
comes to the same decisions again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeps.confirmation.asked import Asked

TOGETHER = 2  # new seeds before anybody is judged: one says nothing of the spread

Run = tuple[str, int]  # a trial and the number of its new run, from 1
Values = Mapping[str, Sequence[float | None]]  # of each trial, seed by seed; None: it failed


@dataclass(frozen=True)
class Judged:
    """What the race makes of the runs so far."""

    dropped: Mapping[str, float]  # trials that get no more seeds: how probably each is the best
    clear: str | None  # the trial that has won; None: undecided


@dataclass(frozen=True)
class Course:
    """Where a confirmation stands."""

    due: tuple[Run, ...]  # runs that have not ended, in order; () where it is over
    dropped: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    clear: str | None = None


Judge = Callable[[Asked, Values, Sequence[str]], Judged]


def course(
    asked: Asked, ended: Mapping[Run, float | None], lost: Collection[Run], judge: Judge
) -> Course:
    """Which runs are due. They come in rounds: of everybody the first two seeds, then one more of
    those still in the race, until it is decided or as many runs were made as were asked for.

    `ended` holds the values of the runs that have ended, None of those that failed; of these the
    `lost` ones (a dead worker) say nothing. `judge` is asked at the end of each round.
    """
    telling = {run: value for run, value in ended.items() if run not in lost}
    racing, number, made = list(asked.names), 0, 0
    dropped: dict[str, dict[str, Any]] = {}
    while True:
        first = min(TOGETHER, asked.seeds) if number == 0 else 1
        wanted = [(t, number + n) for n in range(1, first + 1) for t in racing]
        if made + len(wanted) > asked.budget:
            return Course((), dropped)
        if missing := tuple(run for run in wanted if run not in ended):
            return Course(missing, dropped)
        made, number = made + len(wanted), number + first
        if not asked.races or number < TOGETHER:
            continue
        values = {t: _until(t, number, telling) for t in asked.names}
        judged = judge(asked, values, racing)
        dropped |= {t: {"after": number, "probability": p} for t, p in judged.dropped.items()}
        racing = [trial for trial in racing if trial not in judged.dropped]
        if judged.clear is not None or len(racing) < 2:
            return Course((), dropped, judged.clear)


def _until(trial: str, number: int, told: Mapping[Run, float | None]) -> list[float | None]:
    """What the runs of a trial up to a round said: of one that dropped out fewer."""
    return [told[trial, n] for n in range(1, number + 1) if (trial, n) in told]
