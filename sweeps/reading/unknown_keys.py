"""What to say of a key or path that does not exist: what was meant, or where it belongs."""

import re
from collections.abc import Iterable, Sequence

from search_spaces.foreign_names import our_name
from search_spaces.foreign_syntax import our_syntax
from search_spaces.nearest import did_you_mean
from search_spaces.parameters import Parameter
from search_spaces.schema import entry_sections, field_within, get_path, paths, sections_of
from search_spaces.values import text_of
from sweeps.reading.document import Path
from sweeps.reading.foreign_keys import foreign_key
from sweeps.reading.foreign_places import of_section
from sweeps.spec.sections import SweepSpec
from trainables.kinds import KINDS


def unknown_key(path: Path, value: object, spec: type[SweepSpec], data: object) -> tuple[str, str]:
    """Message and fix for a key that its section does not have."""
    name = str(path[-1])
    if path[:2] == ("search", "parameters"):
        fix = our_syntax(name) or _nested(path, value)
        return "is not a known key", fix or _known(name, list(Parameter.model_fields))
    if value is None and (glued := _glued(name)) is not None:
        return glued
    here = of_section(_section(path), name)
    if here is not None:
        return "is not a known key", here
    foreign = foreign_key(name)
    if foreign is not None:
        return foreign.message, foreign.advice(value)
    fields = _fields_of(path[:-1], spec, data)
    if our_name(name) in fields:
        return "is not a known key", f"Did you mean `{our_name(name)}`?"
    kinds = _kinds_with(".".join(map(str, path[1:]))) if path[-2:-1] == ("training",) else []
    if kinds:
        return "is not a known key", f"Remove it: it is of trials of kind {' or '.join(kinds)}"
    if value is None and not did_you_mean(name, fields):
        fix = "If it belongs to the value before it, put them in brackets: [a, b]"
        return "is not a known key and has no value", fix
    hint = _elsewhere(name, spec) or _called_elsewhere(name, spec)
    return "is not a known key", hint or _known(name, fields)


def _nested(path: Path, value: object) -> str | None:
    """A parameter written below its section, as the trial's own fields are."""
    if len(path) == 4 and isinstance(value, dict):
        return f"Write one dotted path: `{path[2]}.{path[3]}: {text_of(value)}`"
    return None


def _section(path: Path) -> str:
    """The name of the section that a key stands in, the list's where it is an entry of one."""
    return next((part for part in reversed(path[:-1]) if isinstance(part, str)), "")


def _glued(name: str) -> tuple[str, str] | None:
    """A key without a value, in braces: `{r:8}`, or what follows a comma."""
    key, colon, value = name.partition(":")
    if colon and value:
        return "has no space after the colon", f"Write `{key}: {value}`"
    return None


def _known(name: str, fields: list[str]) -> str:
    """What is spelt alike, else all that there is."""
    return did_you_mean(name, fields) or f"Known here: {', '.join(fields)}"


def unknown_path(path: str, known: Iterable[str], stages: Sequence[str] = ()) -> tuple[str, str]:
    """Message and fix for a searched path that is no field of the trial, whose stages have these
    names."""
    known = list(known)
    written, path = path, _by_number(path, stages)
    if written != path and path in known:
        return "names a stage, which paths count from 0", f"Write `{path}`"
    section, _, name = path.rpartition(".")
    foreign = foreign_key(name)
    if foreign is not None:
        return foreign.message, f"Search `{section}.{foreign.key}`" if foreign.key else foreign.fix
    names = [our_name(name) or name, name]
    kinds = [kind for there in names for kind in _kinds_with(f"{section}.{there}")]
    if kinds and not set(names) & {path.rpartition(".")[2] for path in known}:
        fix = f"Remove it: it is of trials of kind {' or '.join(dict.fromkeys(kinds))}"
        return "is not a field of the trial", fix
    dotted = path.replace("/", ".").removeprefix("trial.")
    meant = f"Did you mean `{dotted}`?" if dotted != path and dotted in known else None
    nearby = meant or did_you_mean(path, known)
    begin = "Paths begin with a section of the trial, e.g. lora.r"
    return "is not a field of the trial", nearby or begin


def _by_number(path: str, stages: Sequence[str]) -> str:
    """The path with the number of the stage that it names."""
    top, _, rest = path.partition(".")
    name, _, inside = rest.partition(".")
    named = top == "stages" and name in stages
    return f"stages.{stages.index(name)}.{inside}" if named else path


def _fields_of(path: Path, spec: type[SweepSpec], data: object) -> list[str]:
    """The names that are known in the section at `path`."""
    if not path:
        return list(spec.model_fields)
    whole = ".".join(map(str, path))
    if isinstance(path[-1], int):
        above = field_within(spec, whole.rpartition(".")[0], data)
        sections = (
            entry_sections(above.annotation, get_path({"it": data}, f"it.{whole}")) if above else ()
        )
    else:
        field = field_within(spec, whole, data)
        sections = sections_of(field.annotation) if field else ()
    return [name for section in sections for name in section.model_fields]


def _kinds_with(path: str) -> list[str]:
    """The kinds of trial, or of stages, that have a field at this path of a trial."""
    alone = re.sub(r"^stages\.\d+\.", "", path)
    return [kind for kind, config in KINDS.items() if field_within(config, alone, {}) is not None]


def _elsewhere(name: str, spec: type[SweepSpec]) -> str | None:
    """The sections that do have this key."""
    homes = {home for path in paths(spec) for home in _homes(path.split("."), name)}
    # most keys are of training
    named = sorted(homes, key=lambda home: (not home.endswith(".training"), home))
    return f"It belongs to {' or '.join(named)}" if homes else None


def _called_elsewhere(name: str, spec: type[SweepSpec]) -> str | None:
    """Where a field is that another tool calls so."""
    ours = our_name(name)
    home = _elsewhere(ours, spec) if ours else None
    return f"It is called `{ours}` here. {home}" if home else None


def _homes(parts: list[str], name: str) -> list[str]:
    """What stands above `name` in a path; the top of the file has no name of its own."""
    found = [index for index, part in enumerate(parts) if part == name]
    return [".".join(parts[:index]) or "the top of the file" for index in found]
