"""Which parameters are multiples of which: their distributions, and what is wrong with them."""

from collections.abc import Iterator, Mapping

from search_spaces.distributions import Distribution
from search_spaces.errors import SpaceError
from search_spaces.nearest import did_you_mean
from search_spaces.parameters import Parameter
from search_spaces.ties import Tied
from search_spaces.values import is_number


def tied_distributions(
    parameters: Mapping[str, Parameter], order: tuple[str, ...]
) -> dict[str, Distribution]:
    """The distribution of every parameter; `order` has a parameter after what it is tied to."""
    made: dict[str, Distribution] = {}
    for path in order:
        parameter = parameters[path]
        own = parameter.to_distribution()
        base = parameter.times
        made[path] = own if base is None else Tied(own, base, made[base])
    return {path: made[path] for path in parameters}


def tie_problems(parameters: Mapping[str, Parameter]) -> Iterator[SpaceError]:
    """What is wrong with what parameters are tied to, but for circles."""
    for path, parameter in parameters.items():
        for parent in parameter.conditions():
            if parent in parameters and parameters[parent].times is not None:
                what = f"{parent} is a multiple of another parameter, which no condition can ask"
                yield SpaceError(f"{path}.when.{parent}", what, fix="Ask for another parameter")
        base = parameter.times
        if base is None:
            continue
        field, other = f"{path}.times", parameters.get(base)
        if other is None:
            fix = did_you_mean(base, parameters) or "Name a parameter of the search, or a number"
            yield SpaceError(field, f"{base} is no parameter of the search", value=base, fix=fix)
        elif not all(map(is_number, other.to_distribution().probes())):
            what = f"{base} is not always a number: there is no multiple of it"
            yield SpaceError(field, what, value=base, fix="Tie it to a number")
        elif any(parameter.conditions().get(p) != v for p, v in other.conditions().items()):
            what = f"{base} is not there in every trial"
            yield SpaceError(field, what, value=base, fix=f"Give {path} the same `when`")
