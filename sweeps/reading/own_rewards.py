"""Reward functions of the user's own (MODULE:FUNCTION), wherever a spec names them."""

from collections.abc import Iterable, Iterator
from pathlib import Path as File
from typing import Any, NamedTuple

from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.parts import Parts
from trainables.errors import InputError
from trainables.rewards.config import OWN
from trainables.rewards.own import Origin, function_named, origin_of, use

WEIGHTS = "reward.weights"


class OwnRewards(NamedTuple):
    """Where they are imported from (None: the spec names none), and what is wrong with them."""

    origin: Origin | None
    wrong: list[SpecFinding]


def own_rewards(parts: Parts, file: str | None) -> OwnRewards:
    """Import each own reward from the folder of the spec, as its trials will."""
    named = dict.fromkeys(_named(parts))
    origin = origin_of([key for _, key in named], File(file or ".").parent) if named else None
    use(origin)
    problems = {key: _problem(key) for key in dict.fromkeys(key for _, key in named)}
    found = ((place, problems[key]) for place, key in named)
    return OwnRewards(origin, [_finding(place, error) for place, error in found if error])


def _problem(key: str) -> InputError | None:
    try:
        function_named(key)
    except InputError as error:
        return error
    return None


def _finding(place: Path, error: InputError) -> SpecFinding:
    return SpecFinding(place, error.message, error.value, error.fix)


def _named(parts: Parts) -> Iterator[tuple[Path, str]]:
    """Each place that names one, and the key."""
    yield from _within("", parts.trial, ("trial",))
    for path, parameter in parts.parameters.items():
        place: Path = ("search", "parameters", path)
        yield from _within(path, parameter.value, (*place, "value"))
        for n, value in enumerate(parameter.values or ()):
            yield from _within(path, value, (*place, "values", n))
        yield from _of_path(path, place)
        if path.endswith(WEIGHTS):
            yield from (((*place, "simplex"), key) for key in _own(parameter.simplex or ()))
    for name, given in parts.baselines.items():
        for path, value in given.items():
            yield from _of_path(path, ("search", "baselines", name, path))
            yield from _within(path, value, ("search", "baselines", name, path))


def _of_path(path: str, place: Path) -> Iterator[tuple[Path, str]]:
    """The reward that a path ends in: reward.weights.MODULE:FUNCTION."""
    _, between, key = f".{path}".partition(f".{WEIGHTS}.")
    yield from ((place, key) for key in _own([key] if between else ()))


def _within(path: str, value: Any, place: Path) -> Iterator[tuple[Path, str]]:
    if f".{path}".endswith(f".{WEIGHTS}") and isinstance(value, dict):
        yield from (((*place, key), key) for key in _own(value))
    elif isinstance(value, dict | list | tuple):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in entries:
            yield from _within(f"{path}.{key}" if path else str(key), inner, (*place, key))


def _own(keys: Iterable[Any]) -> Iterator[str]:
    return (key for key in keys if isinstance(key, str) and OWN.fullmatch(key))
