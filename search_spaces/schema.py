"""A trial's configuration seen as dotted paths: which exist, and which values each may take.

The configuration is a pydantic model class; a path goes through nested models
(`training.learning_rate`). Sections that may be null count as present.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

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
    """The field at a dotted path, a section or a leaf; None if there is none."""
    name, _, rest = path.partition(".")
    field = model.model_fields.get(name)
    if field is None or not rest:
        return field
    found = (field_at(section, rest) for section in sections_of(field.annotation))
    return next((field for field in found if field is not None), _value_of(field, rest))


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


def check_value(model: Model, path: str, value: object) -> str | None:
    """Why this value is illegal for the field at `path` (which exists), or None if it is legal.

    Stricter than the model itself: text that looks like a number, or true for 1, is refused,
    because the value is recorded and sampled as it stands.
    """
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
    """Set the value at a dotted path in nested dicts, in place; makes absent or null sections."""
    *sections, name = path.split(".")
    for section in sections:
        if mapping.get(section) is None:
            mapping[section] = {}
        mapping = mapping[section]
    mapping[name] = value


def get_path(mapping: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path in nested dicts; None where a section of it is absent or null."""
    found: Any = mapping
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found
