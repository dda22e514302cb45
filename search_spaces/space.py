"""A search space: distributions by dotted path, with the conditions between them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from search_spaces.distributions import Distribution
from search_spaces.errors import SpaceError
from search_spaces.nearest import did_you_mean
from search_spaces.parameters import Parameter
from search_spaces.points import Points
from search_spaces.values import same_value, text_of

Assignment = Mapping[str, Any]


class ParameterRow(NamedTuple):
    """A parameter in a table for people."""

    path: str
    distribution: str
    condition: str  # empty: always there


@dataclass(frozen=True)
class Space:
    """What a sweep varies. Made by `build_space`, which checks it."""

    parameters: dict[str, Distribution]
    conditions: dict[str, dict[str, tuple[Any, ...]]]  # only conditional parameters are named
    order: tuple[str, ...]  # as written, but a parameter comes after those it depends on

    def is_active(self, path: str, assignment: Assignment) -> bool:
        """Whether the parameter is there, given the values of the others.

        A condition on a parameter that is itself inactive, or that has no value, does not hold.
        """
        return all(
            parent in assignment
            and self.is_active(parent, assignment)
            and any(same_value(assignment[parent], value) for value in values)
            for parent, values in self.conditions.get(path, {}).items()
        )

    def contains(self, assignment: Assignment) -> bool:
        """Whether this is a whole configuration of the space: a legal value for every active
        parameter and nothing else."""
        active = {path for path in self.order if self.is_active(path, assignment)}
        return active == set(assignment) and not self.problems_with(assignment)

    def problems_with(
        self, assignment: Assignment, own: Assignment | None = None
    ) -> list[SpaceError]:
        """What is wrong with a partial configuration such as a baseline; `field` is the path.

        A parameter that it does not name keeps the trial's own value (`own`, by path), which may
        lie outside the space; it counts where a condition asks for it.
        """
        known = {**(own or {}), **assignment}
        found = (self._problem(path, value, known) for path, value in assignment.items())
        return [problem for problem in found if problem is not None]

    def _problem(self, path: str, value: Any, known: Assignment) -> SpaceError | None:
        if path not in self.parameters:
            return SpaceError(
                path,
                "is not a parameter of the search",
                value=value,
                fix=did_you_mean(path, self.parameters) or "Add it to search.parameters",
            )
        text = self.parameters[path].describe()
        if not self.parameters[path].contains(value):
            fix = "Widen the search or change the value"
            return SpaceError(path, f"is outside the search ({text})", value=value, fix=fix)
        if not self.is_active(path, known):
            what = f"has no effect here: it is searched only when {self._condition(path)}"
            return SpaceError(path, what, value=value, fix="Remove it")
        return None

    def size(self) -> int | None:
        """How many configurations there are; None where a parameter is continuous.

        An empty space has one: the trial as it is.
        """
        continuous = any(parameter.size() is None for parameter in self.parameters.values())
        return None if continuous else self.count()

    def count(self) -> int:
        """How many configurations a finite space has. Raises SpaceError where it is continuous."""
        return self._numbered.count()

    def at(self, number: int) -> dict[str, Any]:
        """The configuration with this number, in the order of `points`; none is listed.

        Raises IndexError, and SpaceError where the space is continuous.
        """
        return self._numbered.at(number)

    def points(self) -> Iterator[dict[str, Any]]:
        """All configurations of a finite space, the last parameter changing fastest."""
        return self._points(list(self.order), {})

    def _points(self, paths: list[str], chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not paths:
            yield dict(chosen)
            return
        path, rest = paths[0], paths[1:]
        if not self.is_active(path, chosen):
            yield from self._points(rest, chosen)
            return
        values = self.parameters[path].points()
        if values is None:
            raise SpaceError(path, "is continuous: it has no finite list of values")
        for value in values:
            yield from self._points(rest, {**chosen, path: value})

    @cached_property
    def _numbered(self) -> Points:
        return Points(self.parameters, self.conditions, self.order)

    def without(self, paths: Collection[str]) -> "Space":
        """The space of the other parameters; none of them may depend on these."""
        kept = {path: d for path, d in self.parameters.items() if path not in paths}
        conditions = {path: c for path, c in self.conditions.items() if path in kept}
        return Space(kept, conditions, tuple(path for path in self.order if path in kept))

    def rows(self) -> list[ParameterRow]:
        """The space as a table, in order."""
        return [
            ParameterRow(path, self.parameters[path].describe(), self._condition(path))
            for path in self.order
        ]

    def _condition(self, path: str) -> str:
        pairs = self.conditions.get(path, {}).items()
        return " and ".join(f"{p} is {' or '.join(map(text_of, v))}" for p, v in pairs)


def build_space(parameters: Mapping[str, Parameter]) -> Space:
    """The space of these parameters. Raises SpaceError, the first of `space_problems`.

    >>> from search_spaces.parameters import Parameter
    >>> space = build_space({"lora.r": Parameter(values=[8, 16])})
    >>> space.size(), space.contains({"lora.r": 16})
    (2, True)
    """
    for found in space_problems(parameters):
        raise found
    conditions = {path: p.conditions() for path, p in parameters.items() if p.when}
    distributions = {path: p.to_distribution() for path, p in parameters.items()}
    return Space(distributions, conditions, _order(conditions, tuple(distributions)))


def space_problems(parameters: Mapping[str, Parameter]) -> list[SpaceError]:
    """What is wrong between parameters: conditions that cannot hold, and circles of them."""
    found = [
        problem
        for path, parameter in parameters.items()
        for parent, values in parameter.conditions().items()
        for problem in _condition_problems(path, parent, values, parameters)
    ]
    stuck = _stuck({path: p.conditions() for path, p in parameters.items()})
    if stuck and not found:
        circle = " → ".join(stuck)
        fix = "Remove one of the conditions"
        found.append(SpaceError(f"{stuck[0]}.when", f"conditions form a circle: {circle}", fix=fix))
    return found


def _condition_problems(
    path: str, parent: str, values: tuple[Any, ...], parameters: Mapping[str, Parameter]
) -> list[SpaceError]:
    field = f"{path}.when.{parent}"
    if parent not in parameters:
        fix = did_you_mean(parent, parameters) or "Add it to search.parameters"
        return [SpaceError(field, f"{parent} is not a parameter of the search", fix=fix)]
    other = parameters[parent].to_distribution()
    return [
        SpaceError(field, f"can never hold: {parent} is {other.describe()}", value=value)
        for value in values
        if not other.contains(value)
    ]


def _order(conditions: Mapping[str, Mapping[str, Any]], paths: tuple[str, ...]) -> tuple[str, ...]:
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


def _stuck(conditions: Mapping[str, Mapping[str, Any]]) -> list[str]:
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
