"""Rules over several fields (a split sums to 1, a quantized base has LoRA): whole trials."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

from pydantic import ValidationError

from search_spaces.messages import plain_message
from search_spaces.schema import check_value, field_at, field_within, set_path
from search_spaces.space import Space
from search_spaces.values import is_number, text_of
from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.parts import Parts

PARAMETERS: Path = ("search", "parameters")
MANY = 8  # numbers of a list that are tried with those of others
BASELINES: Path = ("search", "baselines")


class SearchedValue(NamedTuple):
    """One of the values of a parameter."""

    path: str
    place: int
    value: Any


def whole_trial_findings(parts: Parts, space: Space) -> list[SpecFinding]:
    """Baselines, choices and pairs of choices whose fields are legal but do not go together."""
    if _trial_error(parts, {}) is not None:
        return []
    choices = [choice for choice in _choices(parts) if _is_legal(parts, choice)]
    several = [*_alone(parts, space, choices), *_pairs(parts, space, choices)]
    return [*_baselines(parts), *several, *_weights(parts)]


def _baselines(parts: Parts) -> Iterator[SpecFinding]:
    for name, given in parts.baselines.items():
        legal = {path: v for path, v in given.items() if path in parts.parameters}
        message = _trial_error(parts, legal)
        if message and all(_is_legal(parts, SearchedValue(p, 0, v)) for p, v in legal.items()):
            place = (*BASELINES, name)
            yield SpecFinding(place, f"is no legal trial: {message}", given, "Correct the values")


def _choices(parts: Parts) -> Iterator[SearchedValue]:
    for path, parameter in parts.parameters.items():
        if parameter.times is not None:  # factors, no values of the field
            continue
        for index, value in enumerate(parameter.values or ()):
            yield SearchedValue(path, index, value)


def _is_legal(parts: Parts, choice: SearchedValue) -> bool:
    """Whether the field by itself takes the value."""
    if field_within(parts.trial_class, choice.path, parts.trial) is None:
        return False
    return check_value(parts.trial_class, choice.path, choice.value, parts.trial) is None


def _alone(parts: Parts, space: Space, choices: list[SearchedValue]) -> Iterator[SpecFinding]:
    """A choice that no other parameter could make right."""
    for choice in choices:
        near = [p for p in parts.parameters if _section(p) == _section(choice.path)]
        message = _trial_error(parts, {choice.path: choice.value})
        if message is None or len(near) > 1 or choice.path in space.conditions:
            continue
        others = (o for o in choices if o.path != choice.path and _together(space, choice, o))
        if all(_pair_error(parts, choice, other) for other in others):
            place = (*PARAMETERS, choice.path, "values", choice.place)
            yield SpecFinding(place, f"is illegal: {message}", choice.value, "Correct the value")


def _pairs(parts: Parts, space: Space, choices: list[SearchedValue]) -> Iterator[SpecFinding]:
    """Choices of different sections that are legal with the trial, but not with one another."""
    sound = [
        c
        for c in choices
        if c.path in space.conditions or _trial_error(parts, {c.path: c.value}) is None
    ]
    for first, second in combinations(_few(sound), 2):
        apart = _section(first.path) != _section(second.path)
        if apart and _together(space, first, second):
            message = _pair_error(parts, first, second)
            if message:
                place = (*PARAMETERS, second.path, "values", second.place)
                what = f"is no legal trial with {first.path} {text_of(first.value)}: {message}"
                fix = f"Give one of them a condition (`when`) on the other, e.g. {first.path}"
                yield SpecFinding(place, what, second.value, fix)


def _few(choices: list[SearchedValue]) -> list[SearchedValue]:
    """Of long lists of numbers the ends and some between: rules over fields compare, and a grid of
    2,000 values has two million pairs."""
    by_path: dict[str, list[SearchedValue]] = {}
    for choice in choices:
        by_path.setdefault(choice.path, []).append(choice)
    few = []
    for own in by_path.values():
        if len(own) > MANY and all(is_number(choice.value) for choice in own):
            in_order = sorted(own, key=lambda choice: choice.value)
            own = [in_order[round(n * (len(own) - 1) / (MANY - 1))] for n in range(MANY)]
        few += own
    return few


def _weights(parts: Parts) -> Iterator[SpecFinding]:
    """Weights whose components are not those that the trial has."""
    for path, parameter in parts.parameters.items():
        if parameter.simplex is None or field_at(parts.trial_class, path) is None:
            continue
        equal = parameter.to_distribution().probes()[-1]
        message = _trial_error(parts, {path: equal})
        if message and check_value(parts.trial_class, path, equal, parts.trial) is None:
            place = (*PARAMETERS, path, "simplex")
            fix = "Name the components that the trial has"
            yield SpecFinding(place, f"is illegal: {message}", list(parameter.simplex), fix)


def _together(space: Space, first: SearchedValue, second: SearchedValue) -> bool:
    """Whether a sampled trial can hold both."""
    both = {first.path: first.value, second.path: second.value}
    return all(space.is_active(path, both) for path in both)


def _pair_error(parts: Parts, first: SearchedValue, second: SearchedValue) -> str | None:
    return _trial_error(parts, {first.path: first.value, second.path: second.value})


def _section(path: str) -> str:
    """What a path's rules are told within: `training`, or a stage's `stages.0.training`."""
    parts = path.split(".")
    deep = len(parts) > 1 and parts[1].isdecimal()
    return ".".join(parts[: 3 if deep else 1])


def _trial_error(parts: Parts, values: dict[str, Any]) -> str | None:
    """Why the trial with these values is illegal, or None."""
    trial = _copied(parts.trial)
    try:
        for path in sorted(values):  # a section before its fields
            set_path(trial, path, values[path])
        parts.trial_class.model_validate(trial)
    except ValidationError as error:
        return plain_message(error.errors()[0])
    return None


def _copied(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _copied(value) for key, value in content.items()}
    return [_copied(value) for value in content] if isinstance(content, list) else content
