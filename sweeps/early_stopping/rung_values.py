"""What all rules share: the values that trials measured at each rung."""

from typing import Literal


class RungValues:
    """Values by rung and trial; a trial has at most one value a rung, its first. A difference that
    is no larger than `floor` may be rounding's, and no rule stops a trial for one."""

    def __init__(self, mode: Literal["min", "max"]) -> None:
        self._sign = 1.0 if mode == "min" else -1.0
        self._values: dict[float, dict[str, float]] = {}
        self.floor = 0.0

    def record(self, trial: str, rung: float, value: float) -> float:
        """Keep a value (the first of the trial at this rung); returns it with min as better."""
        return self._values.setdefault(rung, {}).setdefault(trial, self._sign * value)

    def of(self, trial: str) -> list[tuple[float, float]]:
        """Rungs and values of a trial, the last rung first, min as better."""
        return [(r, v[trial]) for r, v in sorted(self._values.items(), reverse=True) if trial in v]

    def others(self, trial: str, rung: float) -> list[float]:
        """The values of all other trials at a rung, min as better."""
        return [v for name, v in self._values.get(rung, {}).items() if name != trial]
