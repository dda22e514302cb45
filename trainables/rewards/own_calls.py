"""A call of the user's own reward: what it is given, and what is said where it goes wrong."""

import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainables.errors import InputError

FIELD = "reward.weights"
ROW = "medsweep_row"  # a column of JSON, told to no function: a row's id and the cells of its file
TAKEN = ("prompts", "completions")
Function = Callable[..., Any]


def called(
    function: Function,
    place: str,
    prompts: Sequence[Any],
    completions: Sequence[Any],
    **columns: Any,
) -> list[float]:
    """The values of the reward MODULE:FUNCTION, in 0..1, one a completion. All that it raises or
    gives amiss is an InputError that says so, with the row."""
    told_of = [json.loads(text) for text in columns.pop(ROW, ())]
    given = {**columns, **_of_file(columns, told_of)}
    rows = [f"row {row['row']}" for row in told_of]
    rows = rows or [f"answer {n + 1} of {len(completions)}" for n in range(len(completions))]
    try:
        values = function(prompts, completions, **given)
    except Exception as error:
        if "CUDA" in str(error):  # of the process, not of the reward: see sweeps.failures
            raise
        at = _raising(function, prompts, completions, given)
        raise _raised(place, error, "" if at is None else rows[at], given) from error
    listed = _listed(place, values, rows)
    return [_number(place, value, row) for value, row in zip(listed, rows, strict=True)]


def told(error: BaseException) -> str:
    """An exception in a line: its name and what it says."""
    return f"{type(error).__name__}: {error}".rstrip(": ")


def place_in(error: BaseException) -> str:
    """Where it was raised: " (myrewards.py, line 3)"."""
    if isinstance(error, SyntaxError) and error.filename:
        return ""  # its own words have file and line
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _of_file(columns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The columns of the data's own file: those that have no name of ours, and those of ours that
    nothing is known of."""
    names = dict.fromkeys(name for row in rows for name in row["cells"])
    own = {name: [row["cells"].get(name) for row in rows] for name in names}
    return {
        name: values
        for name, values in own.items()
        if name not in TAKEN and all(value is None for value in columns.get(name, ()))
    }


def _raising(
    function: Function, prompts: Sequence[Any], completions: Sequence[Any], columns: Any
) -> int | None:
    """The first answer that it raises at when asked alone; None where there is none."""
    for n in range(len(completions)):
        one = {name: [values[n]] for name, values in columns.items()}
        try:
            function([prompts[n]], [completions[n]], **one)
        except Exception:
            return n
    return None


def _raised(place: str, error: Exception, row: str, columns: Mapping[str, Any]) -> InputError:
    where = f" at {row}" if row else ""
    what = f"your reward {place} raised {told(error)}{where}{place_in(error)}"
    return InputError(FIELD, None, f"{what}; columns given: {', '.join(columns)}")


def _listed(place: str, values: Any, rows: Sequence[str]) -> list[Any]:
    fix = "Return a list with a number from 0 to 1 for each completion"
    try:
        found = None if isinstance(values, str | bytes | Mapping) else list(values)
    except TypeError:
        found = None
    if found is None:
        what = f"your reward {place} returned {type(values).__name__}, which is no list of numbers"
        raise InputError(FIELD, None, what, fix)
    if len(found) != len(rows):
        what = f"your reward {place} gave {len(found)} values for {len(rows)} completions"
        raise InputError(FIELD, None, f"{what} (the first: {rows[0]})" if rows else what, fix)
    return found


def _number(place: str, value: Any, row: str) -> float:
    what = f"your reward {place} gave {value!r:.60} for {row}"
    try:
        number = float(value) if hasattr(value, "__float__") else None  # a text is none
    except (TypeError, ValueError, RuntimeError):
        number = None
    if number is None:
        raise InputError(FIELD, None, f"{what}, which is no number", "Give a number from 0 to 1")
    if not 0 <= number <= 1:  # NaN neither
        raise InputError(FIELD, None, f"{what}: rewards must lie in 0..1")
    return number
