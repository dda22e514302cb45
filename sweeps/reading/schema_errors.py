"""Pydantic's errors as findings: at the key as it was written, in plain words, with a fix."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined

from search_spaces.foreign_syntax import our_distribution
from search_spaces.messages import plain_message
from search_spaces.schema import check_value, field_within, get_path, paths_within
from search_spaces.values import text_of
from sweeps.reading.document import Path, SpecFinding, section
from sweeps.reading.foreign_values import kind_fix, meant_value
from sweeps.reading.meant_scalars import scalar_fix
from sweeps.reading.section_fixes import section_fix
from sweeps.reading.union_errors import settled, written_path
from sweeps.reading.unknown_keys import unknown_key
from sweeps.spec.sections import NOT_YET, SweepSpec, spec_class
from trainables.evaluation.metric_names import metric_named
from trainables.kinds import DEFAULT, KINDS, kind_of

RANGE = {"min", "max", "values", "distribution"}  # keys of a parameter


def schema_findings(data: dict[str, Any]) -> tuple[SweepSpec | None, list[SpecFinding]]:
    """The spec, if it is legal, and everything that pydantic has against it."""
    try:
        spec_model(data).model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [f for detail in settled(details, data) for f in _findings(detail, data)]
    return SweepSpec.model_validate(data), []


def spec_model(data: dict[str, Any]) -> type[SweepSpec]:
    """The spec with the fields of the trial's own kind, and of no other."""
    kind = kind_of(section(data, "trial"))
    return spec_class(kind if kind in KINDS else DEFAULT)


def type_findings(data: dict[str, Any], known: Iterable[Path]) -> Iterator[SpecFinding]:
    """Values that pydantic takes only by changing their type: text for numbers, 1 for true."""
    skip = set(known)
    model = spec_model(data)
    for path in paths_within(model, data):
        keys, value = located(data, path), get_path(data, path)
        if value is None or keys[:2] in _FREE or any(keys == k[: len(keys)] for k in skip):
            continue
        message = check_value(model, path, value, data)
        if message is not None:
            meant = scalar_fix(keys, message, value)
            yield SpecFinding(keys, message, value, _or_left_out(meant, keys, data))


# checked elsewhere, and better
_FREE = {("name",), ("search", "parameters"), ("search", "baselines"), ("search", "objective")}


def located(data: Any, dotted: str) -> Path:
    """The keys of a dotted path; numbers where there are lists."""
    path: list[str | int] = []
    for part in dotted.split("."):
        path.append(int(part) if isinstance(data, list) and part.isdecimal() else part)
        data = get_path({"it": data}, f"it.{part}")
    return tuple(path)


def _findings(detail: ErrorDetails, data: dict[str, Any]) -> Iterator[SpecFinding]:
    path, _ = written_path(detail["loc"], data)
    kind = detail["type"]
    if kind in ("parameter", "problems"):
        for found in detail["ctx"]["problems"]:
            inside = path == ("trial",)
            below = located(data["trial"], found["field"]) if inside else _below(found["field"])
            yield SpecFinding((*path, *below), found["message"], found["value"], found["fix"])
    elif _of_unknown_kind(path, data) and kind in ("extra_forbidden", "missing"):
        return  # what another kind of trial would have cannot be judged
    elif kind == "extra_forbidden":
        yield from _unknown_key(path, detail["input"], data)
    elif kind == "union_tag_invalid":
        kinds = detail["ctx"]["expected_tags"].replace("'", "").split(", ")
        given = str(detail["ctx"]["tag"])
        what = f"there is no such kind of stage; there is: {', '.join(kinds)}"
        yield SpecFinding((*path, "kind"), what, given, kind_fix(given, kinds))
    elif path == ("trial", "kind"):
        what = f"there is no such kind of trial; there is: {', '.join(KINDS)}"
        yield SpecFinding(path, what, detail["input"], kind_fix(detail["input"], KINDS))
    # sweeps.reading.names says it better
    elif path != ("name",) or kind != "string_pattern_mismatch":
        message = detail["msg"] if kind == "union" else plain_message(detail)
        value = None if kind in ("missing", "value_error") else detail["input"]
        yield SpecFinding(path, message, value, _fix(path, detail, data))


def _of_unknown_kind(path: Path, data: dict[str, Any]) -> bool:
    return path[:1] == ("trial",) and kind_of(section(data, "trial")) not in KINDS


def _below(field: str) -> Path:
    """Where a parameter's problem lies below it: an attribute, or a path of `when`."""
    head, _, rest = field.partition(".")
    return tuple(part for part in (head, rest) if part)


def _fix(path: Path, detail: ErrorDetails, data: dict[str, Any]) -> str | None:
    if path and path[-1] == "mode" and detail["type"] == "missing":
        metric = metric_named(str(_at_any(data, path[:-1]).get("metric")))
        return f"Add `mode: {metric.mode}`" if metric else "Add `mode: min` or `mode: max`"
    if (whole := _whole_fix(path, data)) is not None:
        return whole
    if detail["type"] == "missing":
        return f"Add `{path[-1]}`"
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        return f'Put it in quotes: "{detail["input"]}"'
    if (searched := _searched(path, detail["input"])) is not None:
        return searched
    if "must be a list" in plain_message(detail) and isinstance(detail["input"], str):
        return _listed(detail["input"])
    if (scalar := scalar_fix(path, plain_message(detail), detail["input"])) is not None:
        return _or_left_out(scalar, path, data)
    meant = _meant(path, detail)
    return _or_left_out(f"Did you mean `{meant}`?" if meant else None, path, data)


def _or_left_out(fix: str | None, path: Path, data: dict[str, Any]) -> str:
    """What to write, or to leave the field out where it has a default."""
    default = _default_fix(path, data)
    if fix is None:
        return default
    if "default" not in default:
        return fix
    end = "" if fix.endswith("?") else "."
    return f"{fix}{end} {default.replace('Correct it or leave', 'Or leave')}"


def _listed(text: str) -> str:
    """Names that were written without brackets, as a list; no list is made of a pattern."""
    if re.search(r"[*^$|\\(]", text):
        return "Write the names themselves, in brackets: [a, b]"
    return f"Write [{', '.join(re.split(r'[,; ]+', text.strip()))}]"


def _whole_fix(path: Path, data: dict[str, Any]) -> str | None:
    """The fix for the value of a whole section, or of an entry of one."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return section_fix(path, get_path(data, ".".join(map(str, path))))


def _searched(path: Path, given: Any) -> str | None:
    """The fix where a parameter of a search was written in the trial itself."""
    if path[:1] != ("trial",) or not isinstance(given, dict) or not RANGE & given.keys():
        return None
    field = ".".join(map(str, path[1:]))
    return f"Write one value here, and `{field}: {text_of(given)}` below search.parameters"


def _meant(path: Path, detail: ErrorDetails) -> str | None:
    """Of the values that may stand here the one that was meant, or None."""
    if path[:2] == ("search", "parameters") and path[-1] == "distribution":
        ours = our_distribution(detail["input"])
        if ours is not None:
            return ours
    allowed = re.findall(r"'([^']+)'", detail["msg"])
    given = detail["input"]
    return meant_value(str(given) if type(given) is int else given, allowed)


def _at_any(data: Any, path: Path) -> dict[str, Any]:
    for part in path:
        data = data[part]
    return data if isinstance(data, dict) else {}


def _default_fix(path: Path, data: dict[str, Any]) -> str:
    """What a field is if it is not written, which is also an example of a legal value."""
    model = spec_model(data)
    field = field_within(model, ".".join(map(str, path)), data)
    default = field.get_default(call_default_factory=True) if field else PydanticUndefined
    while field is None and path:
        path = path[:-1]
        field = field_within(model, ".".join(map(str, path)), data)
        default = field.get_default() if field else PydanticUndefined
    if default is PydanticUndefined or isinstance(default, BaseModel | dict):
        return "Correct the value"
    return f"Correct it or leave it out (default: {text_of(default)})"


def _unknown_key(path: Path, value: object, data: dict[str, Any]) -> Iterator[SpecFinding]:
    name = str(path[-1])
    if len(path) == 1 and name in NOT_YET:
        what = f"is not available yet ({NOT_YET[name]})"
        yield SpecFinding(path, what, None, "Remove the section")
        return
    message, fix = unknown_key(path, value, spec_model(data), data)
    yield SpecFinding(path, message, value, fix)
