"""`--set a.b=v`: change a spec from the command line, before it is checked.

The value is read as YAML. Below `search.parameters` and `search.baselines` the keys contain dots
themselves, so the path is divided like this:

- a key that is already there, or a field of the trial, is taken whole (the longest that fits):
  `search.parameters.lora.r.values=[8,16]` sets `values` of `lora.r`;
- otherwise a parameter's path ends before the first attribute name (value, values, min, max, q,
  distribution, simplex, when), and what follows `when` is one path again;
- in `search.baselines.NAME.PATH` the name is a baseline that is there, or all that stands before
  the trial's field, or else the first part.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from search_spaces.parameters import Parameter
from search_spaces.schema import paths_within
from sweeps.reading.document import SET, Document, Path, SpecFinding, section
from sweeps.reading.secrets import MASK, is_secret_name
from sweeps.reading.yaml_reading import read_yaml
from trainables.kinds import KINDS

ATTRIBUTES = tuple(Parameter.model_fields)


def apply_overrides(document: Document, overrides: Sequence[str]) -> list[SpecFinding]:
    """Write the overrides into the document, in place and in order; returns what is wrong."""
    return [f for override in overrides for f in _apply(document, override)]


def _apply(document: Document, override: str) -> list[SpecFinding]:
    dotted, equals, text = override.partition("=")
    dotted = dotted.strip()
    if not equals or not all(dotted.split(".")):
        fix = "E.g. --set search.num_trials=4"
        return [_at_set(document, (dotted,), "must be PATH=VALUE", override, fix)]
    path = divide(document.data, dotted)
    reading = read_yaml(text, SET)
    if reading.problems:
        value = MASK if is_secret_name(dotted) else text
        return [_at_set(document, path, p.message, value, p.fix) for p in reading.problems]
    return _write(document, path, reading.data)


def divide(data: dict[str, Any], dotted: str) -> Path:
    """The keys that a dotted path stands for, given what is in the document."""
    for prefix, split in ((_PARAMETERS, _parameter), (_BASELINES, _baseline)):
        if dotted.startswith(prefix):
            *above, _ = prefix.split(".")
            there, known = section(data, *above), _trial_paths(section(data, "trial"))
            return (*above, *split(dotted.removeprefix(prefix), there, known))
    return _indexed(data, dotted.split("."))


_PARAMETERS, _BASELINES = "search.parameters.", "search.baselines."


def _indexed(data: Any, parts: list[str]) -> Path:
    """Digits are an index where there is a list."""
    path: list[str | int] = []
    for part in parts:
        key: str | int = int(part) if isinstance(data, list) and part.isdecimal() else part
        path.append(key)
        data = _child(data, key)
    return tuple(path)


def _child(data: Any, key: str | int) -> Any:
    if isinstance(data, list):
        return data[key] if isinstance(key, int) and key < len(data) else None
    return data.get(key) if isinstance(data, dict) else None


def _trial_paths(trial: dict[str, Any]) -> set[str]:
    return {path for kind in KINDS.values() for path in paths_within(kind, trial)}


def _parameter(rest: str, there: dict[str, Any], known: set[str]) -> Path:
    head = _longest_head(rest, {*there, *known}) or _before_attribute(rest)
    tail = rest[len(head) + 1 :]
    if tail.startswith("when."):
        return (head, "when", tail.removeprefix("when."))
    return (head, *_indexed(there.get(head), tail.split("."))) if tail else (head,)


def _before_attribute(rest: str) -> str:
    parts = rest.split(".")
    cut = next((i for i, part in enumerate(parts) if i and part in ATTRIBUTES), len(parts))
    return ".".join(parts[:cut])


def _baseline(rest: str, there: dict[str, Any], known: set[str]) -> Path:
    head = _longest_head(rest, there)
    if head is None:
        ends = [path for path in known if rest.endswith(f".{path}")]
        end = max(ends, key=len, default=rest.partition(".")[2])
        head = rest.removesuffix(end).rstrip(".")
    tail = rest[len(head) + 1 :]
    return (head, tail) if tail else (head,)


def _longest_head(rest: str, known: Iterable[str]) -> str | None:
    heads = [key for key in known if rest == key or rest.startswith(f"{key}.")]
    return max(heads, key=len, default=None)


def _write(document: Document, path: Path, value: Any) -> list[SpecFinding]:
    """Set the value; sections that are absent or null are made on the way."""
    place: Any = document.data
    for depth, key in enumerate(path[:-1]):
        below = _child(place, key)
        if below is None and isinstance(place, dict):
            below = place[str(key)] = {}
        if not isinstance(below, dict | list):
            what, fix = _no_way(place, path, depth)
            return [_at_set(document, path, f"cannot be set: {what}", value, fix)]
        place = below
    if isinstance(place, list) and not (isinstance(path[-1], int) and path[-1] < len(place)):
        what = f"is not in the list, which has {len(place)} entries"
        return [_at_set(document, path, what, None, "Set the whole list")]
    place[path[-1]] = value
    document.lines = {k: line for k, line in document.lines.items() if k[: len(path)] != path}
    document.overridden.add(path)
    return []


def _no_way(place: Any, path: Path, depth: int) -> tuple[str, str]:
    """Why the path ends at this depth, and what to write instead."""
    above, here = (".".join(map(str, path[:end])) for end in (depth, depth + 1))
    if not isinstance(place, list):
        return f"{here} is no section", f"Set {here} itself"
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in place]
    number = names.index(path[depth]) if path[depth] in names else 0
    rest = ".".join(map(str, path[depth + 1 :]))
    fix = f"Write {above}.{number}.{rest}" if place else f"Set {above} itself"
    return f"{above} is a list of {len(place)}, whose entries are counted from 0", fix


def _at_set(
    document: Document, path: Path, message: str, value: object, fix: str | None
) -> SpecFinding:
    document.overridden.add(path)
    return SpecFinding(path, message, value, fix)
