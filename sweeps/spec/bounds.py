"""Bounds on metrics as a spec writes them, e.g. `kl <= 0.1`."""

import re
from typing import NamedTuple

_WRITTEN = re.compile(r"\s*([A-Za-z_][\w.@/-]*)\s*(<=|>=|<|>)\s*(\S+)\s*")
FORM = "METRIC <= NUMBER, or with <, >= or >, e.g. gpu_peak_gb <= 24"


class Bound(NamedTuple):
    """A metric, how it is compared (`<=`, `>=`, `<`, `>`), and with what."""

    metric: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.metric} {self.sign} {self.limit:g}"

    def excess(self, value: float) -> float:
        """How far a value is beyond the limit, in the metric's unit: 0 at it, below 0 within.

        >>> bound("kl <= 0.1").excess(0.25)
        0.15
        """
        return value - self.limit if self.sign.startswith("<") else self.limit - value

    def holds(self, value: float | None) -> bool:
        """Whether a value keeps the bound; a missing one does not."""
        if value is None:
            return False
        excess = self.excess(value)
        return excess < 0 or (excess == 0 and self.sign.endswith("="))


def bound(text: str) -> Bound:
    """A bound as it is written. Raises ValueError for anything else.

    >>> bound("refusal_rate >= 0.9")
    Bound(metric='refusal_rate', sign='>=', limit=0.9)
    """
    found = _WRITTEN.fullmatch(text)
    try:
        limit = float(found[3]) if found else float("nan")
    except ValueError:
        limit = float("nan")
    if found is None or not abs(limit) < float("inf"):  # neither NaN nor infinity bounds anything
        raise ValueError(f"{text!r} is no bound: write {FORM}")
    return Bound(found[1], found[2], limit)
