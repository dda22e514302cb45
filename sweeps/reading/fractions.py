"""`{min: 0, max: 1}` on a field that takes any number between is a fraction, not 0 or 1.

W&B, whose syntax this is, reads a whole-number range as integers, so a search of `weight_decay` or
`lora_dropout` from 0 to 1 would try its two ends alone. The distribution is written out here, where
a spec is read: run folders hold it written out, and those of earlier versions go on as they began.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from search_spaces.schema import check_value, field_within
from sweeps.reading.document import SpecFinding, section
from sweeps.reading.parts import missing_entry
from trainables.kinds import DEFAULT, KINDS, kind_of

FEW = 5  # a range of so few whole numbers is seldom meant, where a field takes all between
COUNTED = ("num_train_epochs", "lora_alpha", "warmup_steps", "every_epochs")  # in whole numbers
INSIDE = 0.38  # no whole number, and none that a field could mean otherwise


def with_fractions(data: dict[str, Any]) -> dict[str, Any]:
    """What a spec says, with `distribution: uniform` where a range from 0 to 1 is of fractions."""
    trial, search = section(data, "trial"), section(data, "search")
    model = KINDS.get(kind_of(trial), KINDS[DEFAULT])
    written = section(search, "parameters")
    found = {
        path: {**given, "distribution": "uniform"}
        for path, given in written.items()
        if _unit(given) and _takes_fractions(model, path, trial)
    }
    return {**data, "search": {**search, "parameters": {**written, **found}}} if found else data


def whole_number_findings(data: dict[str, Any]) -> Iterator[SpecFinding]:
    """Ranges of a few whole numbers on fields that take every number between: a warning."""
    trial, search = section(data, "trial"), section(data, "search")
    model = KINDS.get(kind_of(trial), KINDS[DEFAULT])
    for path, given in section(search, "parameters").items():
        if not _few_whole(given) or str(path).rpartition(".")[2] in COUNTED:
            continue
        if _takes_fractions(model, path, trial, given["min"] + INSIDE):
            numbers = ", ".join(map(str, range(given["min"], given["max"] + 1)))
            fix = "Write distribution: uniform for all between, or the numbers as values"
            what = f"searches whole numbers alone: {numbers}"
            yield SpecFinding(("search", "parameters", path), what, None, fix)


def _few_whole(given: Any) -> bool:
    if not isinstance(given, dict) or given.get("distribution") not in (None, "int_uniform"):
        return False
    low, high = given.get("min"), given.get("max")
    if type(low) is not int or type(high) is not int or "q" in given:
        return False
    return 0 < high - low <= FEW


def _unit(given: Any) -> bool:
    """Whether this is a whole-number range from 0 to 1 that names no distribution."""
    if not isinstance(given, dict) or given.get("distribution") is not None or "q" in given:
        return False
    ends = [given.get("min"), given.get("max")]
    return ends == [0, 1] and all(type(end) is int for end in ends)


def _takes_fractions(
    model: type[BaseModel], path: Any, trial: dict[str, Any], number: float = INSIDE
) -> bool:
    if not isinstance(path, str) or missing_entry(trial, path):
        return False
    if field_within(model, path, trial) is None:
        return False
    return check_value(model, path, number, trial) is None
