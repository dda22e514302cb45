"""A trial's configuration seen as dotted paths: which exist, and which values each may take.

The configuration is a pydantic model class; a path goes through nested models
(`training.learning_rate`), and by number into lists of models (`stages.0.data.seed`). Sections that
may be null count as present.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from search_spaces.messages import plain_message
from search_spaces.values import same_value

Model = type[BaseModel]


def sections_of(annotation: Any) -> tuple[Model, ...]:
    """The model classes that an annotation allows (through Optional, unions and Annotated)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return tuple(model for part in get_args(annotation) for model in sections_of(part))
    if hasattr(annotation, "__metadata__"):
        return sections_of(get_args(annotation)[0])
    return ()


def listed_sections(annotation: Any) -> tuple[Model, ...]:
    """The model classes that an annotation allows as entries of a list (tuple[Model, ...])."""
    if get_origin(annotation) is tuple:
        return sections_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(model for part in get_args(annotation) for model in listed_sections(part))
    return ()


def field_at(model: Model, path: str) -> FieldInfo | None:
    """The field at a dotted path, a section or a leaf; None if there is none.

    Where a list may hold several sections any of them may have it: see `in_entry`.
    """
    name, _, rest = path.partition(".")
    field = model.model_fields.get(name)
    if field is None or not rest:
        return field
    within = [(section, rest) for section in sections_of(field.annotation)]
    index, _, inner = rest.partition(".")
    if index.isdecimal() and inner:
        within += [(section, inner) for section in listed_sections(field.annotation)]
    found = (field_at(section, below) for section, below in within)
    return next((field for field in found if field is not None), _value_of(field, rest))


def in_entry(model: Model, path: str, content: object) -> tuple[Model, str]:
    """The same place in the section that `content` has in a list there: its class, and the path
    within it. What was given, where the path leads into no list, or to no known section."""
    parts = path.split(".")
    for depth, part in enumerate(parts[1:-1], 1):
        above = field_at(model, ".".join(parts[:depth]))
        if part.isdecimal() and above is not None:
            entry = get_path({"it": content}, ".".join(["it", *parts[: depth + 1]]))
            sections = entry_sections(above.annotation, entry)
            if len(sections) == 1:
                return in_entry(sections[0], ".".join(parts[depth + 1 :]), entry)
    return model, path


def field_within(model: Model, path: str, content: object) -> FieldInfo | None:
    """As `field_at`, where a list on the way holds the sections that `content` has there."""
    section, below = in_entry(model, path, content)
    return field_at(section, below)


def entry_sections(annotation: Any, entry: object) -> tuple[Model, ...]:
    """The model classes that an entry of a list may be: where one is named by a field that can only
    have one value (`kind`) it is that, where none is the first; all where `entry` is no mapping."""
    sections = listed_sections(annotation)
    if not isinstance(entry, Mapping) or len(sections) < 2:
        return sections
    named = [s for s in sections if any(entry.get(n) == tag for n, tag in _tags(s).items())]
    return tuple(named) or sections[:1]


def _tags(section: Model) -> dict[str, Any]:
    """Fields that can only have one value."""
    literals = {n: get_args(f.annotation) for n, f in section.model_fields.items()}
    return {
        name: values[0]
        for name, values in literals.items()
        if len(values) == 1 and get_origin(section.model_fields[name].annotation) is Literal
    }


def _value_of(field: FieldInfo, key: str) -> FieldInfo | None:
    """The value under a key of a mapping (`reward.weights.safety`), where its key type takes it."""
    if get_origin(field.annotation) is not Mapping:
        return None
    keys, values = get_args(field.annotation)
    try:
        TypeAdapter(keys).validate_python(key)
    except ValidationError:
        return None
    return FieldInfo.from_annotation(values)


@lru_cache
def paths(model: Model) -> list[str]:
    """All dotted paths of leaves, in the order of the fields."""
    return list(dict.fromkeys(_paths(model)))


def _paths(model: Model) -> Iterator[str]:
    for name, field in model.model_fields.items():
        sections = sections_of(field.annotation)
        if not sections:
            yield name
        for section in sections:
            yield from (f"{name}.{rest}" for rest in _paths(section))


def paths_within(model: Model, content: object) -> Iterator[str]:
    """`paths`, and those of the entries of lists of sections that `content` holds
    (`stages.0.training.learning_rate`): how many there are only the content says."""
    for name, field in model.model_fields.items():
        inner = content.get(name) if isinstance(content, Mapping) else None
        sections = sections_of(field.annotation)
        if not sections:
            yield name
            yield from (f"{name}.{rest}" for rest in _paths_of_entries(field, inner))
        for section in sections:
            yield from (f"{name}.{rest}" for rest in paths_within(section, inner))


def _paths_of_entries(field: FieldInfo, content: object) -> Iterator[str]:
    entries = content if isinstance(content, list | tuple) else ()
    for index, entry in enumerate(entries):
        if isinstance(entry, Mapping):
            for section in entry_sections(field.annotation, entry):
                yield from (f"{index}.{rest}" for rest in paths_within(section, entry))


def check_value(model: Model, path: str, value: object, content: object = None) -> str | None:
    """Why this value is illegal for the field at `path` (which exists), or None if it is legal.

    `content` is what the path leads through, where that says which section is meant (`in_entry`).
    Stricter than the model itself: text that looks like a number, or true for 1, is refused,
    because the value is recorded and sampled as it stands.
    """
    model, path = in_entry(model, path, content)
    if isinstance(value, Mapping) and (inside := _check_section(model, path, value)):
        return inside
    try:
        accepted = adapter_at(model, path).validate_python(value)
    except ValidationError as error:
        return "; ".join(dict.fromkeys(plain_message(detail) for detail in error.errors()))
    if _is_section(accepted) or same_value(accepted, value):
        return None
    return f"must be {_kind(accepted)}, not {_kind(value)}"


def _is_section(value: object) -> bool:
    """Whether this is a section, or a list of them."""
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_section, value))
    return isinstance(value, BaseModel)


def _check_section(model: Model, path: str, value: Mapping[str, Any]) -> str | None:
    """The first illegal field of a section that is given whole; None too where this is none."""
    field = field_at(model, path)
    if field is None or not sections_of(field.annotation):
        return None
    for name, inner in value.items():
        known = field_at(model, f"{path}.{name}") is not None
        message = check_value(model, f"{path}.{name}", inner) if known else "is not a known key"
        if message:
            return f"{name} {message}"
    return None


def _kind(value: object) -> str:
    """What a JSON value is, for people."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "text" if isinstance(value, str) else f"a {type(value).__name__}"


@lru_cache(maxsize=1024)
def adapter_at(model: Model, path: str) -> TypeAdapter[Any]:
    """A validator for one field: its type, its constraints, and no NaN or infinity."""
    field = field_at(model, path)
    if field is None:
        raise KeyError(path)
    annotation = field.rebuild_annotation()
    if sections_of(field.annotation):
        return TypeAdapter(annotation)
    return TypeAdapter(annotation, config=ConfigDict(allow_inf_nan=False))


def set_path(mapping: dict[str, Any], path: str, value: object) -> None:
    """Set the value at a dotted path in nested dicts and lists, in place; makes absent or null
    sections, but no entries of lists (IndexError)."""
    *sections, name = path.split(".")
    for section in sections:
        if isinstance(mapping, list):
            mapping = mapping[int(section)]
            continue
        if mapping.get(section) is None:
            mapping[section] = {}
        mapping = mapping[section]
    if isinstance(mapping, list):
        mapping[int(name)] = value
    else:
        mapping[name] = value


def value_at(section: BaseModel, path: str) -> Any:
    """The value at a dotted path as JSON has it, also of a field that its section does not write
    while it is not used; None as for `get_path`."""
    found: Any = section
    for name in path.split("."):
        if isinstance(found, BaseModel):
            found = getattr(found, name, None)
        else:
            found = get_path({"it": found}, f"it.{name}")
    return to_jsonable_python(found)


def get_path(mapping: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path in nested dicts and lists; None where a section of it is absent
    or null."""
    found: Any = mapping
    for name in path.split("."):
        if isinstance(found, list | tuple) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            found = found.get(name) if isinstance(found, Mapping) else None
    return found
