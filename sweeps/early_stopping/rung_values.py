"""What all rules share: what configurations measured at each rung."""

from collections import defaultdict
from collections.abc import Callable
from statistics import fmean
from typing import Literal


def each_by_itself(trial: str) -> str:
    """Every trial is a configuration of its own."""
    return trial


class RungValues:
    """Values by rung and trial; a trial has at most one value a rung, its first. A difference that
    is no larger than `floor` may be rounding's, and no rule stops a trial for one.

    `configuration_of` names the configuration of a trial. Where several trials train one, with a
    seed each, its value at a rung is the mean of those that have come there: the seed that happens
    to be the worst does not count by itself, nor the best.
    """

    def __init__(
        self,
        mode: Literal["min", "max"],
        configuration_of: Callable[[str], str] = each_by_itself,
    ) -> None:
        self._sign = 1.0 if mode == "min" else -1.0
        self._configuration_of = configuration_of
        self._values: dict[float, dict[str, float]] = {}
        self.floor = 0.0

    def record(self, trial: str, rung: float, value: float) -> float:
        """Keep a value (the first of the trial at this rung); returns its configuration's, with min
        as better."""
        self._values.setdefault(rung, {}).setdefault(trial, self._sign * value)
        return self._means(rung)[self._configuration_of(trial)]

    def of(self, trial: str) -> list[tuple[float, float]]:
        """Rungs that a trial has come to, the last first, and its configuration's values there."""
        reached = (rung for rung, found in self._values.items() if trial in found)
        own = self._configuration_of(trial)
        return [(rung, self._means(rung)[own]) for rung in sorted(reached, reverse=True)]

    def others(self, trial: str, rung: float) -> list[float]:
        """The values of all other configurations at a rung, min as better."""
        own = self._configuration_of(trial)
        return [value for name, value in self._means(rung).items() if name != own]

    def _means(self, rung: float) -> dict[str, float]:
        seeds: dict[str, list[float]] = defaultdict(list)
        for trial, value in self._values.get(rung, {}).items():
            seeds[self._configuration_of(trial)].append(value)
        return {name: fmean(values) for name, values in seeds.items()}
