"""Which parameters depend on which: an order to sample them in, and circles."""

from collections.abc import Mapping
from typing import Any

from search_spaces.parameters import Parameter


def needs(parameters: Mapping[str, Parameter]) -> dict[str, dict[str, Any]]:
    """What each parameter depends on: those of its conditions, and the one it is tied to."""
    return {
        path: {**p.conditions(), **({p.times: ()} if p.times else {})}
        for path, p in parameters.items()
    }


def ordered(conditions: Mapping[str, Mapping[str, Any]], paths: tuple[str, ...]) -> tuple[str, ...]:
    """Depth first in the order written: parents just before the first child that needs them."""
    done: list[str] = []

    def visit(path: str) -> None:
        for parent in conditions.get(path, {}):
            visit(parent)
        if path not in done:
            done.append(path)

    for path in paths:
        visit(path)
    return tuple(done)


def circle(conditions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A circle of conditions, from its first member back to it; empty if there is none."""
    circles = (_walk(start, conditions, [start]) for start in conditions)
    return next((circle for circle in circles if circle), [])


def _walk(start: str, conditions: Mapping[str, Mapping[str, Any]], trail: list[str]) -> list[str]:
    for parent in conditions.get(trail[-1], {}):
        if parent == start:
            return [*trail, start]
        if parent not in trail:
            found = _walk(start, conditions, [*trail, parent])
            if found:
                return found
    return []
