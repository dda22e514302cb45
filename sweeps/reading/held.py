"""What holds the measure fixed where a search would change it, and the spec does not say it.

Trials that differ in `training.max_length`, `data.limit` or how answers are sampled are measured
alike once one length, one set of validation rows or one sampling is named for all of them. Where a
spec is read they are named here; run folders hold them written out.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from search_spaces.schema import get_path, set_path
from search_spaces.ties import product
from search_spaces.values import is_number
from sweeps.reading.comparable import held_path
from sweeps.reading.comparable_checks import (
    default_of,
    found_differences,
    is_held,
    searched_above,
    values_of,
)
from sweeps.reading.document import section
from sweeps.reading.effects.looking import trainings
from sweeps.reading.metric_checks import sought_metrics
from sweeps.reading.parts import Parts, parts_of

LENGTHS = {
    "evaluation.max_length": ("training.max_length",),
    "evaluation.response_length": ("training.response_length", "training.max_completion_length"),
}


def with_held(data: dict[str, Any]) -> dict[str, Any]:
    """What a spec says, with the fields that hold the measure of its search fixed."""
    parts = parts_of(data)
    found = {field: value for field, value in _held(parts) if value is not None}
    if not found:
        return data
    trial = deepcopy(section(data, "trial"))
    for field, value in found.items():
        if isinstance(get_path(trial, field.rpartition(".")[0]) or {}, dict):
            set_path(trial, field, value)
    return {**data, "trial": trial}


def _held(parts: Parts) -> Iterator[tuple[str, Any]]:
    """Each field that is to be set, and its value; None where none follows from the search."""
    for _, _, path, difference in found_differences(parts, list(sought_metrics(parts))):
        field = held_path(path, difference.held_by)
        if difference.held_by and not is_held(parts, path, difference):
            yield field, _value(parts, path, field)


def _value(parts: Parts, path: str, field: str) -> Any:
    """The greatest length or number of rows that a trial has, so that nothing is cut that some
    trial learns from; of other fields what the trial section says."""
    if field in LENGTHS:
        names = [f"{prefix}{name}" for prefix, _ in trainings(parts) for name in LENGTHS[field]]
        return max(_numbers(v for name in names for v in _values(parts, name)), default=None)
    if field.endswith(".split_limit"):
        values = _values(parts, path)
        rows = max(_numbers(values), default=0)
        return "all" if None in values else (rows if rows > 1 else None)
    return parts.own.get(path)


def _values(parts: Parts, path: str) -> list[Any]:
    """What a field may be in some trial; of a range its ends."""
    above = searched_above(parts, path)
    if above is not None:
        rest, default = path.removeprefix(f"{above}."), default_of(parts, path)
        wholes = values_of(parts, above, parts.parameters[above]) or []
        return [get_path(whole, rest) or default for whole in wholes if isinstance(whole, dict)]
    parameter = parts.parameters.get(path)
    if parameter is None:
        return [parts.own.get(path)]
    if parameter.times is not None:
        factors = parameter.to_distribution().probes()
        bases = filter(is_number, _values(parts, parameter.times))
        return [product(factor, base) for base in bases for factor in factors]
    listed = values_of(parts, path, parameter)
    if listed is not None:
        return listed
    named = [given[path] for given in parts.baselines.values() if path in given]
    own = [parts.own.get(path)] if parameter.when else []
    return [*parameter.to_distribution().probes(), *named, *own]


def _numbers(values: Iterator[Any] | list[Any]) -> list[int]:
    return [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
