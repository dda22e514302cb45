"""Whether the trials of a sweep are measured alike by what they are compared by."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from search_spaces.distributions import Categorical, Constant
from search_spaces.parameters import Parameter
from search_spaces.schema import field_within, get_path
from search_spaces.values import same_value
from sweeps.reading.comparable import (
    LEARNED,
    MORE_OR_FEWER,
    TAUGHT,
    Difference,
    differences,
    held_path,
    training_alone,
)
from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.parts import Parts
from sweeps.reading.reward_checks import measuring_stage, rewards_weighed, teaches
from trainables.evaluation.metric_names import metric_named
from trainables.kinds import kind_of


def comparable_findings(parts: Parts, sought: Sequence[tuple[Path, str]]) -> Iterator[SpecFinding]:
    """A finding for each metric sought, at its place, and each path that changes its meaning."""
    for place, metric, path, difference in found_differences(parts, sought):
        if not is_held(parts, path, difference):
            what = f"means something else in each trial, since {path} is searched: "
            yield SpecFinding(place, what + difference.why, metric, difference.fix)


def found_differences(
    parts: Parts, sought: Sequence[tuple[Path, str]]
) -> Iterator[tuple[Path, str, str, Difference]]:
    """Each metric sought, with its place, and each path that would change its meaning."""
    varied = list(dict.fromkeys(varied_paths(parts)))
    for place, metric in sought:
        for path in varied:
            difference = _difference(parts, path, metric, _rungs_read(parts, place))
            if difference is not None:
                yield place, metric, path, difference


def is_held(parts: Parts, path: str, difference: Difference) -> bool:
    """Whether the spec holds the measure fixed, whatever a trial has at the path."""
    if not difference.held_by:
        return False
    field = held_path(path, difference.held_by)
    searched = field in parts.written or searched_above(parts, field) is not None
    return not searched and get_path(parts.trial, field) is not None


def searched_above(parts: Parts, path: str) -> str | None:
    """The section that a path lies in and that is searched whole."""
    names = path.split(".")
    above = (".".join(names[:depth]) for depth in range(len(names) - 1, 0, -1))
    return next((found for found in above if found in parts.parameters), None)


def _rungs_read(parts: Parts, place: Path) -> bool:
    """Whether the metric sought there stops trials early: it is then compared in every stage."""
    own = parts.early_stopping
    stands_in = own is not None and own.metric is None and "objective" in place
    return stands_in or "early_stopping" in place


def _difference(parts: Parts, path: str, metric: str, in_all: bool) -> Difference | None:
    """Why trials that differ in `path` mean different things by the metric; None: they do not."""
    kind, stage = measuring_stage(parts)
    inner = path.removeprefix(stage)
    if (training := _stage_of(parts, path)) and (in_all or path.startswith(stage)):
        kind, inner = training
    said = _said(parts, path, inner) if _reports(kind, metric) else ()
    found = (d for d in said or () if d.concerns(metric, kind))
    learned = metric == LEARNED or (
        metric == "reward" and "reward_model" in rewards_weighed(parts)[1]
    )
    taught = learned and (teaches(parts, path) or _takes_pairs(parts, path))
    return next(found, TAUGHT if taught else None)


def _takes_pairs(parts: Parts, path: str) -> bool:
    """Whether trials that differ in the path have other validation rows in one of their stages: a
    reward model, one that needs no other stage too, is not trained on pairs that repeat them."""
    stage = _stage_of(parts, path)
    if stage is None or not any(kind_of(s) == "reward" for s in parts.trial["stages"]):
        return False
    other_rows = (d for d in _said(parts, path, stage[1]) or () if "loss" in d.metrics)
    return any(not is_held(parts, path, difference) for difference in other_rows)


def _said(parts: Parts, path: str, inner: str) -> tuple[Difference, ...] | None:
    """In what trials that differ in the path are not measured alike, as the spec's data have it:
    where validation rows are their own, the rest of `data` only says what is trained on."""
    section, _, field = path.rpartition(".")
    of_data = section.rpartition(".")[2] == "data" or ".mixture." in section
    if of_data and training_alone(field, _own_validation(parts, section)):
        return (MORE_OR_FEWER,)
    return differences(inner)


def _own_validation(parts: Parts, section: str) -> Any:
    """The validation rows of a data section's own, or of the mixture that it is a part of."""
    whole, within, _ = section.partition(".mixture.")
    own = get_path(parts.trial, f"{section}.validation")
    return get_path(parts.trial, f"{whole}.validation") if within and own is None else own


def _reports(kind: str, metric: str) -> bool:
    """Whether trainings of a kind may report the metric."""
    about = metric_named(metric)
    return about is None or not about.kinds or kind in about.kinds


def _stage_of(parts: Parts, path: str) -> tuple[str, str] | None:
    """The kind of the stage that a path leads into, and the path within it."""
    first, _, rest = path.partition(".")
    number, _, inner = rest.partition(".")
    stage = get_path(parts.trial, f"stages.{number}") if number.isdecimal() else None
    return (kind_of(stage), inner) if first == "stages" and isinstance(stage, dict) else None


# --- which paths vary ----------------------------------------------------------------------------


def varied_paths(parts: Parts) -> Iterator[str]:
    """Every path whose value is not the same in all trials; of whole sections their fields."""
    for path, parameter in parts.parameters.items():
        values = values_of(parts, path, parameter)
        if values is None:
            yield path
        elif any(isinstance(value, Mapping) for value in values):
            yield from _fields_that_differ(parts, path, values)
        elif not all(same_value(value, values[0]) for value in values):
            yield path


def values_of(parts: Parts, path: str, parameter: Parameter) -> list[Any] | None:
    """The values that a field has in some trial, baselines' among them; None of a range."""
    if parameter.times is not None:
        return None  # products, of which only the space knows
    distribution = parameter.to_distribution()
    named = [given[path] for given in parts.baselines.values() if path in given]
    own = [parts.own.get(path, get_path(parts.trial, path))] if parameter.when else []
    match distribution:
        case Categorical(values):
            return [*values, *named, *own]
        case Constant(value):
            return [value, *named, *own]
    return None if distribution.size() != 1 else [*distribution.probes()[:1], *named, *own]


def _fields_that_differ(parts: Parts, path: str, values: Sequence[Any]) -> Iterator[str]:
    """The fields of a whole section, or keys of a mapping, that differ; of null none."""
    given = [value for value in values if isinstance(value, Mapping)]
    for name in dict.fromkeys(name for value in given for name in value):
        inner = f"{path}.{name}"
        default = default_of(parts, inner)
        of_each = [value.get(name, default) for value in given]
        if any(isinstance(value, Mapping) for value in of_each):
            yield from _fields_that_differ(parts, inner, of_each)
        elif not all(same_value(value, of_each[0]) for value in of_each):
            yield inner


def default_of(parts: Parts, path: str) -> Any:
    """What a field is where the spec does not write it."""
    field = field_within(parts.trial_class, path, parts.trial)
    found = field.get_default(call_default_factory=True) if field else None
    return found.model_dump() if isinstance(found, BaseModel) else found
