"""The configurations of a finite space by number: counted and looked up without listing them.

They are numbered as nested loops over the parameters would give them, the last changing fastest.
A parameter that others depend on splits its values into those that a condition names and the rest,
which are all alike to what follows: so a range of billions, or 10^12 points, are counted at once.
"""

from collections.abc import Mapping
from typing import Any

from search_spaces.distributions import Categorical, Constant, Distribution, Simplex
from search_spaces.errors import SpaceError
from search_spaces.ties import Tied
from search_spaces.values import counts_between, multiple_of, same_value

Conditions = Mapping[str, Mapping[str, tuple[Any, ...]]]
State = dict[str, int]  # active parents → the place of their value, REST where none names it
REST = -1


class Points:
    """Numbers the configurations of `parameters`, none of which is continuous."""

    def __init__(
        self, parameters: Mapping[str, Distribution], conditions: Conditions, order: tuple[str, ...]
    ) -> None:
        self.parameters, self.order = parameters, order
        self.holds = {
            path: {
                p: {_place(parameters[p], v) for v in values} - {REST}
                for p, values in parents.items()
            }
            for path, parents in conditions.items()
        }
        self.named: dict[str, set[int]] = {}
        for parents in self.holds.values():
            for parent, places in parents.items():
                self.named.setdefault(parent, set()).update(places)
        self._known: dict[tuple[Any, ...], int] = {}

    def count(self, first: int = 0, state: State | None = None) -> int:
        """How many ways there are to choose the parameters from number `first` in order on."""
        if first == len(self.order):
            return 1
        matter = {p for path in self.order[first:] for p in self.holds.get(path, ())}
        state = {path: place for path, place in (state or {}).items() if path in matter}
        key = (first, *sorted(state.items()))
        if key not in self._known:
            self._known[key] = self._counted(first, state)
        return self._known[key]

    def _counted(self, first: int, state: State) -> int:
        path = self.order[first]
        if not self._active(path, state):
            return self.count(first + 1, state)
        size, named = _size(path, self.parameters[path]), self.named.get(path, set())
        each = [self.count(first + 1, {**state, path: place}) for place in named]
        rest = size - len(named)
        return sum(each) + (rest and rest * self.count(first + 1, {**state, path: REST}))

    def at(self, number: int) -> dict[str, Any]:
        """The configuration with this number, from 0. Raises IndexError."""
        if not 0 <= number < self.count():
            raise IndexError(number)
        state: State = {}
        chosen: dict[str, Any] = {}
        for index, path in enumerate(self.order):
            if not self._active(path, state):
                continue
            place, number = self._found(index, state, number)
            if path in self.named:
                state[path] = place if place in self.named[path] else REST
            chosen[path] = _value(self.parameters[path], place)
        return chosen

    def _found(self, index: int, state: State, number: int) -> tuple[int, int]:
        """The place of the value of the parameter at `index`, and the number below that value."""
        path, place = self.order[index], 0
        for special in sorted(self.named.get(path, ())):
            each = self.count(index + 1, {**state, path: REST})
            if number < (special - place) * each:
                return place + number // each, number % each
            number -= (special - place) * each
            own = self.count(index + 1, {**state, path: special})
            if number < own:
                return special, number
            number, place = number - own, special + 1
        each = self.count(index + 1, {**state, path: REST})
        return place + number // each, number % each

    def _active(self, path: str, state: State) -> bool:
        return all(state.get(p) in places for p, places in self.holds.get(path, {}).items())


def _size(path: str, distribution: Distribution) -> int:
    size = distribution.size()
    if size is None:
        raise SpaceError(path, "is continuous: it has no finite list of values")
    return size


def _place(distribution: Distribution, value: Any) -> int:
    """Which of the values, from 0, is this one; REST where it is none."""
    match distribution:
        case Constant(own):
            return 0 if same_value(own, value) else REST
        case Categorical(values):
            return next((i for i, own in enumerate(values) if same_value(own, value)), REST)
        case Simplex() | Tied():  # factors have numbers, products none
            return REST
    if distribution.q is None or not distribution.contains(value):
        return REST
    counts = counts_between(distribution.low, distribution.high, distribution.q)
    count: int = round(value / distribution.q)
    return count - counts.start


def _value(distribution: Distribution, place: int) -> Any:
    match distribution:
        case Constant(value):
            return value
        case Categorical(values):
            return values[place]
        case Simplex() | Tied():
            raise TypeError("weights and products have no number")
    assert distribution.q is not None
    counts = counts_between(distribution.low, distribution.high, distribution.q)
    return multiple_of(distribution.q, counts[place])
