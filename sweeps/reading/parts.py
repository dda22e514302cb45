"""What of a spec can be read although other parts are wrong, so that all errors show at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from search_spaces.parameters import Parameter
from search_spaces.schema import adapter_at, field_at, get_path, in_entry, paths_within
from sweeps.reading.document import Path, section
from sweeps.spec.sections import EarlyStopping, SearchSpec, Selection
from trainables.kinds import DEFAULT, KINDS, kind_of

_PARAMETER = TypeAdapter(Parameter)


@dataclass(frozen=True)
class Parts:
    """The parts of a spec; None stands for a part that is written but wrong."""

    trial_class: type[BaseModel]
    trial: dict[str, Any]  # as written
    own: dict[str, Any]  # the trial's legal values by dotted path, defaults included
    written: dict[str, Any]  # search.parameters as written, legal or not
    parameters: dict[str, Parameter]  # the legal ones
    baselines: dict[str, dict[str, Any]]
    objectives: tuple[tuple[Path, str], ...]  # the place and the metric of each that names one
    selection: Selection | None
    early_stopping: EarlyStopping | None  # None also where there is none
    sampler: str | None
    num_trials: int | None
    seeds: tuple[int, ...] | int | None


def parts_of(data: dict[str, Any]) -> Parts:
    """Read each part by itself."""
    trial, search = section(data, "trial"), section(data, "search")
    trial_class = KINDS.get(kind_of(trial), KINDS[DEFAULT])
    written = section(search, "parameters")
    baselines = section(search, "baselines").items()
    return Parts(
        trial_class=trial_class,
        trial=trial,
        own=dict(_own(trial_class, trial)),
        written=written,
        parameters=dict(_legal(written, trial)),
        baselines={name: given for name, given in baselines if isinstance(given, dict)},
        objectives=tuple(objectives_of(search)),
        selection=_read(search, "selection"),
        early_stopping=_read(search, "early_stopping"),
        sampler=_read(search, "sampler"),
        num_trials=_read(search, "num_trials"),
        seeds=_read(search, "seeds"),
    )


def _read(search: dict[str, Any], name: str) -> Any:
    """A field of `search`: its value, its default where it is absent, None where it is wrong."""
    if name not in search:
        return SearchSpec.model_fields[name].get_default(call_default_factory=True)
    try:
        return adapter_at(SearchSpec, name).validate_python(search[name])
    except ValidationError:
        return None


def objectives_of(search: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The metric of every objective, also of one without a mode."""
    place: Path = ("search", "objective")
    given = search.get("objective", {"metric": SearchSpec().objectives[0].metric})
    several = isinstance(given, list)
    for index, objective in enumerate(given if several else [given]):
        metric = objective.get("metric") if isinstance(objective, dict) else None
        if isinstance(metric, str):
            yield (*place, index) if several else place, metric


def _legal(written: dict[str, Any], trial: dict[str, Any]) -> Iterator[tuple[str, Parameter]]:
    for path, given in written.items():
        if missing_entry(trial, path):
            continue
        try:
            yield path, _PARAMETER.validate_python(given)
        except ValidationError:
            continue


def missing_entry(trial: dict[str, Any], path: str) -> str | None:
    """The entry of a list (`stages.2`) that a path leads into and the trial does not have."""
    names = path.split(".")
    for depth, name in enumerate(names[1:], 1):
        above = get_path(trial, ".".join(names[:depth]))
        if isinstance(above, list) and name.isdecimal():
            entry = above[int(name)] if int(name) < len(above) else None
            if not isinstance(entry, dict):
                return ".".join(names[: depth + 1])
    return None


def _own(model: type[BaseModel], trial: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for path in paths_within(model, trial):
        *names, last = path.split(".")
        written = section(trial, *names)
        section_class, below = in_entry(model, path, trial)
        field = field_at(section_class, below)
        if field is None or (last not in written and field.is_required()):
            continue
        try:
            default = field.get_default(call_default_factory=True)
            value = written.get(last, default)
            yield path, adapter_at(section_class, below).validate_python(value)
        except ValidationError:
            continue
