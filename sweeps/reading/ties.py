"""A parameter that is a multiple of a field that is not searched: its products, written out."""

from typing import Any

from search_spaces.ties import product
from search_spaces.values import is_number
from sweeps.reading.document import section
from sweeps.reading.parts import parts_of

BOUNDS = ("value", "min", "max", "q")


def with_ties(data: dict[str, Any]) -> dict[str, Any]:
    """What a spec says, where `times` names a field with one value for all trials the products."""
    search = section(data, "search")
    written = section(search, "parameters")
    if not any(isinstance(given, dict) and "times" in given for given in written.values()):
        return data
    own = parts_of(data).own
    found = {
        path: _multiplied(given, own[given["times"]])
        for path, given in written.items()
        if _names_a_number(given, own) and given["times"] not in written
    }
    return {**data, "search": {**search, "parameters": {**written, **found}}}


def _names_a_number(given: Any, own: dict[str, Any]) -> bool:
    """Whether this ties factors that are numbers to a field that is one."""
    if not isinstance(given, dict) or not isinstance(given.get("times"), str):
        return False
    listed = given["values"] if isinstance(given.get("values"), list) else []
    factors = [*listed, *(given[name] for name in BOUNDS if name in given)]
    return is_number(own.get(given["times"])) and all(map(is_number, factors))


def _multiplied(given: dict[str, Any], base: Any) -> dict[str, Any]:
    made = {name: value for name, value in given.items() if name != "times"}
    made |= {name: product(given[name], base) for name in BOUNDS if name in given}
    if isinstance(given.get("values"), list):
        made["values"] = [product(factor, base) for factor in given["values"]]
    return made
