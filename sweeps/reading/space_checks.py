"""Whether the search fits the trial: parameters against its schema, baselines against the space."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from search_spaces.distributions import Categorical, Constant
from search_spaces.errors import SpaceError
from search_spaces.parameters import Parameter
from search_spaces.schema import (
    check_value,
    field_within,
    get_path,
    paths_within,
    sections_of,
)
from search_spaces.space import Space, build_space, space_problems
from search_spaces.ties import product
from search_spaces.values import is_number, same_value
from sweeps.reading.document import Path, SpecFinding, section
from sweeps.reading.parts import Parts, missing_entry
from sweeps.reading.unknown_keys import unknown_path
from sweeps.reading.whole_trials import BASELINES, PARAMETERS, whole_trial_findings


def space_findings(parts: Parts) -> tuple[Space, list[SpecFinding]]:
    """The space of the legal parameters, and everything that is wrong with it and its baselines."""
    wrong = [*_paths(parts), *_values(parts)]
    between = _between(parts)
    space = _unconditional(parts) if between else build_space(parts.parameters)
    whole = whole_trial_findings(parts, space)
    return space, [*wrong, *between, *_baselines(parts, space), *_same(parts), *whole]


def _unconditional(parts: Parts) -> Space:
    """The space as it would be without conditions, where those are wrong."""
    free = {path: p for path, p in parts.parameters.items() if p.times is None}
    plain = {path: p.to_distribution() for path, p in free.items()}
    return Space(plain, {}, tuple(plain))


def _paths(parts: Parts) -> Iterator[SpecFinding]:
    known = _known(parts)
    for path in parts.written:
        finding = _path(path, known, parts)
        if finding:
            yield finding


def _known(parts: Parts) -> list[str]:
    return [*paths_within(parts.trial_class, parts.trial)]


def _stages(parts: Parts) -> list[str]:
    stages = section({"it": parts.trial}, "it").get("stages")
    listed = stages if isinstance(stages, list) else []
    return [str(stage.get("name")) if isinstance(stage, dict) else "" for stage in listed]


def _path(path: str, known: list[str], parts: Parts) -> SpecFinding | None:
    place = (*PARAMETERS, path)
    field = field_within(parts.trial_class, path, parts.trial)
    if path == "kind":
        return SpecFinding(place, "cannot be searched: a sweep has one kind", path, "Remove it")
    if field is None:
        message, fix = unknown_path(path, known, _stages(parts))
        return SpecFinding(place, message, path, fix)
    if absent := missing_entry(parts.trial, path):
        what = f"leads into {absent}, which the trial does not have"
        return SpecFinding(place, what, path, "Entries are counted from 0")
    if sections_of(field.annotation) and not _gives_sections(parts.written[path]):
        inside = next((leaf for leaf in known if leaf.startswith(f"{path}.")), path)
        fix = f"Name a field, e.g. `{inside}`, or give whole sections as `values`"
        return SpecFinding(place, "is a section, not a field", path, fix)
    return _within(path, parts)


def _gives_sections(written: Any) -> bool:
    """Whether a parameter lists whole sections: mappings or null."""
    given = written if isinstance(written, dict) else {}
    listed = [given["value"]] if "value" in given else given.get("values") or []
    return any(value is None or isinstance(value, dict) for value in listed)


def _within(path: str, parts: Parts) -> SpecFinding | None:
    """A field whose section is searched whole as well, or is null."""
    above = ".".join(path.split(".")[:-1])
    place = (*PARAMETERS, path)
    if above in parts.written:
        what = f"lies in {above}, which is searched whole: one would overwrite the other"
        return SpecFinding(
            place, what, path, f"Search {path}, or write it into the values of {above}"
        )
    if above and _is_null(parts, above):
        what = f"lies in {above}, which is null: there is no such section"
        return SpecFinding(place, what, path, f"Give trial.{above}, or search {above} whole")
    return None


def _is_null(parts: Parts, above: str) -> bool:
    """Whether the trial says null here, or says nothing and null is the default."""
    *names, last = above.split(".")
    if isinstance(get_path(parts.trial, ".".join(names)), list):
        return False  # an entry of a list, which is there
    written = section(parts.trial, *names)
    field = field_within(parts.trial_class, above, parts.trial)
    default = field.get_default(call_default_factory=True) if field else None
    return written.get(last, default) is None


def _values(parts: Parts) -> Iterator[SpecFinding]:
    refused = {finding.path[-1] for finding in _paths(parts)}
    for path, parameter in parts.parameters.items():
        if path not in refused:
            yield from _illegal(parts, path, parameter)


def _illegal(parts: Parts, path: str, parameter: Parameter) -> Iterator[SpecFinding]:
    """Values of the parameter that its field does not take."""
    place = (*PARAMETERS, path)
    distribution = parameter.to_distribution()
    if parameter.times is not None:
        yield from _illegal_products(parts, path, place)
        return
    probes = distribution.probes()
    listed = isinstance(distribution, Categorical | Constant)
    found = [
        (i, v, check_value(parts.trial_class, path, v, parts.trial)) for i, v in enumerate(probes)
    ]
    bad = [(i, v, message) for i, v, message in found if message]
    if listed:
        key: Path = ("values",) if isinstance(distribution, Categorical) else ("value",)
        for index, value, message in bad:
            where = (*key, index) if isinstance(distribution, Categorical) else key
            yield SpecFinding(
                (*place, *where), f"is illegal: {message}", value, "Correct the value"
            )
    elif bad:
        yield _illegal_range(place, parameter, bad, len(probes))


def _illegal_products(parts: Parts, path: str, place: Path) -> Iterator[SpecFinding]:
    """The first product of factors and the other parameter's values that the field cannot be."""
    for value in _products(parts, path, ()):
        if message := check_value(parts.trial_class, path, value, parts.trial):
            base = parts.parameters[path].times
            what = f"a multiple of {base} is illegal: {message}"
            yield SpecFinding(place, what, value, f"Correct the factors, or the values of {base}")
            return


def _products(parts: Parts, path: str, seen: tuple[str, ...]) -> list[Any]:
    """What stands for all values of a parameter; nothing where what it is tied to is wrong."""
    parameter = parts.parameters.get(path)
    if parameter is None or path in seen:
        return []
    own = parameter.to_distribution().probes()
    if parameter.times is None:
        return [*own]
    bases = [b for b in _products(parts, parameter.times, (*seen, path)) if is_number(b)]
    return [product(factor, base) for base in bases for factor in own]


def _illegal_range(
    place: Path, parameter: Parameter, bad: Sequence[tuple[int, Any, str | None]], count: int
) -> SpecFinding:
    ends = {0: "min", count - 1: "max"}
    at_ends = [(ends[i], value, message) for i, value, message in bad if i in ends]
    whole = [value for _, value, _ in bad if isinstance(value, float) and value != round(value)]
    if parameter.simplex is not None:
        return SpecFinding(
            place, f"takes no weights: {bad[0][2]}", bad[0][1], "Search another field"
        )
    if not at_ends or (whole and "whole number" in str(bad[0][2])):
        fix = "Use int_uniform, q_log_uniform_values with `q: 1`, or values"
        what = f"is illegal between its ends: {bad[0][2]}"
        return SpecFinding(place, what, parameter.given(), fix)
    end, value, message = at_ends[0]
    return SpecFinding((*place, end), f"is illegal: {message}", value, "Narrow the range")


def _between(parts: Parts) -> list[SpecFinding]:
    """Conditions, except those on parameters that are written but wrong themselves."""
    return [
        SpecFinding(_place(problem), problem.message, problem.value, _fix(problem, parts))
        for problem in space_problems(parts.parameters)
        if problem.field.partition(".when.")[2] not in _wrong(parts)
    ]


def _wrong(parts: Parts) -> set[str]:
    return set(parts.written) - set(parts.parameters)


def _place(problem: SpaceError) -> Path:
    path, when, parent = problem.field.partition(".when")
    parent = parent.removeprefix(".")
    return (*PARAMETERS, path, *((when[1:],) if when else ()), *((parent,) if parent else ()))


def _fix(problem: SpaceError, parts: Parts) -> str:
    parent = problem.field.partition(".when.")[2]
    if parent in _known(parts) and parent not in parts.written:
        return "Search it too, or remove the condition"
    return problem.fix or "Correct the condition"


def _baselines(parts: Parts, space: Space) -> Iterator[SpecFinding]:
    for name, given in parts.baselines.items():
        place = (*BASELINES, name)
        if not name.strip() or not name.isprintable():
            yield SpecFinding(place, "a baseline needs a printable name", name, "Name it")
        for problem in space.problems_with(given, parts.own):
            if problem.field not in _wrong(parts) and not _merely_outside(parts, space, problem):
                yield _baseline(parts, place, problem)


def _merely_outside(parts: Parts, space: Space, problem: SpaceError) -> bool:
    """Whether a baseline's value is one that a trial may have and the search does not try: that is
    allowed (our present setting, against the search), and the sampler is not told of it."""
    searched = space.parameters.get(problem.field)
    outside = searched is not None and not searched.contains(problem.value)
    return outside and _illegal_value(parts, problem) is None


def _illegal_value(parts: Parts, problem: SpaceError) -> str | None:
    return check_value(parts.trial_class, problem.field, problem.value, parts.trial)


def _baseline(parts: Parts, place: Path, problem: SpaceError) -> SpecFinding:
    path = problem.field
    message, fix = problem.message, problem.fix or "Correct the value"
    if path in parts.parameters and (illegal := _illegal_value(parts, problem)):
        message, fix = f"is illegal: {illegal}", "Correct the value"
    if path not in parts.written and path in _known(parts):
        fix = "Add it to search.parameters, or remove it here"
    elif path not in parts.written:
        message, fix = unknown_path(path, [*parts.written, *_known(parts)], _stages(parts))
    return SpecFinding((*place, path), message, problem.value, fix)


def _same(parts: Parts) -> Iterator[SpecFinding]:
    """Baselines that are one configuration under two names."""
    whole = {name: {**parts.own, **given} for name, given in parts.baselines.items()}
    for first, second in combinations(whole, 2):
        if same_value(whole[first], whole[second]):
            what = f"is the same configuration as {first}"
            yield SpecFinding((*BASELINES, second), what, None, "Remove one of them")
