"""What to say of a key or path that does not exist: what was meant, or where it belongs."""

from collections.abc import Iterable
from typing import NamedTuple

from search_spaces.nearest import did_you_mean
from search_spaces.parameters import Parameter
from search_spaces.schema import entry_sections, field_within, get_path, paths, sections_of
from search_spaces.values import text_of
from sweeps.reading.document import Path
from sweeps.spec.sections import SweepSpec


class Moved(NamedTuple):
    """A key of other tools or older releases that needs more than another name."""

    message: str
    key: str
    value: str | None = None  # None: the value as it was written


MOVED: dict[str, Moved] = {
    "warmup_ratio": Moved(
        "is gone from transformers 5: warmup_steps below 1 is a share of all steps", "warmup_steps"
    ),
    "torch_dtype": Moved("is called dtype in transformers 5", "dtype"),
    "load_in_4bit": Moved("is said by model.quantization", "quantization", "nf4"),
    "load_in_8bit": Moved("is said by model.quantization", "quantization", "int8"),
}


def unknown_key(path: Path, value: object, spec: type[SweepSpec], data: object) -> tuple[str, str]:
    """Message and fix for a key that its section does not have."""
    name = str(path[-1])
    moved = MOVED.get(name)
    if moved is not None:
        written = text_of(value) if moved.value is None else moved.value
        return moved.message, f"Write `{moved.key}: {written}`"
    fields = _fields_of(path[:-1], spec, data)
    hint = _elsewhere(name, spec) or did_you_mean(name, fields)
    return "is not a known key", hint or f"Known here: {', '.join(fields)}"


def unknown_path(path: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and fix for a searched path that is no field of the trial."""
    section, _, name = path.rpartition(".")
    moved = MOVED.get(name)
    if moved is not None:
        return moved.message, f"Search `{section}.{moved.key}`"
    fix = did_you_mean(path, known) or "Paths begin with a section of the trial, e.g. lora.r"
    return "is not a field of the trial", fix


def _fields_of(path: Path, spec: type[SweepSpec], data: object) -> list[str]:
    """The names that are known in the section at `path`."""
    if not path:
        return list(spec.model_fields)
    if path[:2] == ("search", "parameters"):
        return list(Parameter.model_fields)
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


def _elsewhere(name: str, spec: type[SweepSpec]) -> str | None:
    """The sections that do have this key."""
    homes = {home for path in paths(spec) for home in _homes(path.split("."), name)}
    return f"It belongs to {' or '.join(sorted(homes))}" if homes else None


def _homes(parts: list[str], name: str) -> list[str]:
    """What stands above `name` in a path; the top of the file has no name of its own."""
    found = [index for index, part in enumerate(parts) if part == name]
    return [".".join(parts[:index]) or "the top of the file" for index in found]
