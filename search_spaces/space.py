"""A search space: distributions by dotted path, with the conditions between them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from search_spaces.dependencies import circle, needs, ordered
from search_spaces.distributions import Distribution
from search_spaces.errors import SpaceError
from search_spaces.nearest import did_you_mean
from search_spaces.parameters import Parameter
from search_spaces.points import Points
from search_spaces.ties import Tied, factor_of, product
from search_spaces.tying import tie_problems, tied_distributions
from search_spaces.values import is_number, same_value, text_of

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

    @cached_property
    def ties(self) -> dict[str, Tied]:
        """The parameters that are multiples of others."""
        return {path: d for path, d in self.parameters.items() if isinstance(d, Tied)}

    @cached_property
    def factors(self) -> "Space":
        """The space that is sampled: of tied parameters their factors."""
        plain = {p: d.factor if isinstance(d, Tied) else d for p, d in self.parameters.items()}
        return Space(plain, self.conditions, self.order) if self.ties else self

    def in_factors(self, assignment: Assignment) -> dict[str, Any]:
        """A configuration with factors instead of products."""
        found = dict(assignment)
        for path, tied in self.ties.items():
            base = assignment.get(tied.base)
            if is_number(assignment.get(path)) and is_number(base):
                found[path] = factor_of(assignment[path], base, tied.factor)
        return found

    def in_products(self, sampled: Assignment) -> dict[str, Any]:
        """A configuration of `factors` as trials have it: with products."""
        found = dict(sampled)
        for path in self.order:
            tied = self.ties.get(path)
            if tied is not None and path in found and tied.base in found:
                found[path] = product(found[path], found[tied.base])
        return found

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
        if not self._holds(path, value, known):
            fix = "Widen the search or change the value"
            return SpaceError(path, f"is outside the search ({text})", value=value, fix=fix)
        if not self.is_active(path, known):
            what = f"has no effect here: it is searched only when {self._condition(path)}"
            return SpaceError(path, what, value=value, fix="Remove it")
        return None

    def _holds(self, path: str, value: Any, known: Assignment) -> bool:
        tied = self.ties.get(path)
        if tied is None:
            return self.parameters[path].contains(value)
        base = known.get(tied.base)
        if not is_number(value) or not is_number(base):
            return False
        return bool(tied.factor.contains(factor_of(value, base, tied.factor)))

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
        return self.in_products(self._numbered.at(number))

    def points(self) -> Iterator[dict[str, Any]]:
        """All configurations of a finite space, the last parameter changing fastest."""
        return map(self.in_products, self.factors._points(list(self.order), {}))

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
        return Points(self.factors.parameters, self.conditions, self.order)

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
    order = ordered(needs(parameters), tuple(parameters))
    return Space(tied_distributions(parameters, order), conditions, order)


def space_problems(parameters: Mapping[str, Parameter]) -> list[SpaceError]:
    """What is wrong between parameters: conditions that cannot hold, and circles of them."""
    found = [
        problem
        for path, parameter in parameters.items()
        for parent, values in parameter.conditions().items()
        for problem in _condition_problems(path, parent, values, parameters)
    ]
    found = [*tie_problems(parameters), *found]
    stuck = circle(needs(parameters))
    if stuck and not found:
        around = " → ".join(stuck)
        tied = any(parameters[path].times for path in stuck)
        what, key = ("ties", "times") if tied else ("conditions", "when")
        fix = f"Remove one of the {what}"
        found.append(SpaceError(f"{stuck[0]}.{key}", f"{what} form a circle: {around}", fix=fix))
    return found


def _condition_problems(
    path: str, parent: str, values: tuple[Any, ...], parameters: Mapping[str, Parameter]
) -> list[SpaceError]:
    field = f"{path}.when.{parent}"
    if parent not in parameters:
        fix = did_you_mean(parent, parameters) or "Add it to search.parameters"
        return [SpaceError(field, f"{parent} is not a parameter of the search", fix=fix)]
    if parameters[parent].times is not None:
        return []  # which `tie_problems` tells
    other = parameters[parent].to_distribution()
    return [
        SpaceError(field, f"can never hold: {parent} is {other.describe()}", value=value)
        for value in values
        if not other.contains(value)
    ]
