"""What a trial costs, as `search.selection.cheapest_by` counts it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from analysis.runs import TrialView
from analysis.wording import metric_text

Costs = dict[str, float]  # by trial; a trial whose cost is not known is missing


class Price(NamedTuple):
    """How a cost is read of several trials, said and written."""

    noun: str
    of: Callable[[Sequence[TrialView]], Costs]
    text: Callable[[float], str]


def _parameters(trials: Sequence[TrialView]) -> Costs:
    return _known({t.trial: t.size.get("trainable_parameters") for t in trials})


def _memory(trials: Sequence[TrialView]) -> Costs:
    """The measured peaks where all trials have one, else the predicted ones: never both beside
    each other."""
    measured = _known({t.trial: t.metrics.get("gpu_peak_gb") for t in trials})
    predicted = _known({t.trial: t.size.get("predicted_peak_gb") for t in trials})
    return measured if len(measured) == len(trials) else predicted or measured


def _minutes(trials: Sequence[TrialView]) -> Costs:
    return _known({t.trial: t.metrics.get("minutes") for t in trials})


def _known(costs: dict[str, float | None]) -> Costs:
    return {trial: cost for trial, cost in costs.items() if cost is not None}


PRICES = {
    "trainable_parameters": Price("trainable parameters", _parameters, lambda v: f"{v:,.0f}"),
    "memory": Price("peak memory", _memory, lambda v: f"{v:.3g} GB"),
    "minutes": Price("minutes", _minutes, lambda v: metric_text("minutes", v)),
}
