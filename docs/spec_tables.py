"""Keeps the tables of docs/spec.md true to the code: `python docs/spec_tables.py` rewrites them.

A table stands under a line `<!-- fields of MODULE:CLASS -->`, or `<!-- own fields of … -->` where
those that it has from another class stand elsewhere. Names, defaults and allowed values
come from the pydantic model, who honours them from `sweeps.spec.honoured`; the meanings are written
by hand and kept.
"""

import importlib
import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sweeps.spec.honoured import HONOURED

FILE = Path(__file__).with_name("spec.md")
TABLE = re.compile(r"(<!-- (own )?fields of ([\w.]+):(\w+) -->\n)((?:\|.*\n)*)")
HEAD = "| field | default | allowed | honoured by | meaning |\n|---|---|---|---|---|\n"
LONGEST = 40  # characters of a default


def rendered(text: str) -> str:
    """The document with every table as the models have it."""
    return TABLE.sub(lambda found: found[1] + _table(*found.groups()[1:]), text)


def _table(own: str | None, module: str, name: str, old: str) -> str:
    model: type[BaseModel] = getattr(importlib.import_module(module), name)
    meanings = {
        cells[0].strip("` "): cells[-1].strip()
        for line in old.splitlines()
        if len(cells := re.split(r"(?<!\\)\|", line)[1:-1]) in (4, 5)
    }
    schema = _with_made_defaults(model)
    rows = (
        _row(schema, field, f"{_honoured(model, field)} | {meanings.get(field, '')}")
        for field in (model.__annotations__ if own else model.model_fields)
    )
    return HEAD + "".join(rows)


def _with_made_defaults(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema, which does not say what a default factory makes."""
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        if field.default_factory is not None:
            made = field.get_default(call_default_factory=True)
            schema["properties"][name]["default"] = dict(made) if made else made
    return schema


def _honoured(model: type[BaseModel], field: str) -> str:
    """As `sweeps.spec.honoured` says it of the first class that has the field there."""
    names = (owner.__name__ for owner in model.__mro__)
    return next(str(HONOURED[n][field]) for n in names if field in HONOURED.get(n, {}))


def _row(schema: dict[str, Any], field: str, meaning: str) -> str:
    content = schema["properties"][field]
    required = field in schema.get("required", ())
    cells = (
        f"`{field}`",
        "**required**" if required else _default(content),
        _allowed(schema, content),
    )
    return f"| {' | '.join(cells)} | {meaning} |\n"


def _default(content: dict[str, Any]) -> str:
    value = content.get("default", {} if content.get("type") == "object" else None)
    if value and isinstance(value, dict):
        return ""  # a section: its own table has its defaults
    text = json.dumps(value)
    return f"`{text}`" if len(text) <= LONGEST else "a text"


def _allowed(schema: dict[str, Any], content: dict[str, Any]) -> str:
    if "$ref" in content:
        return "section" if "properties" in _definition(schema, content) else "any value"
    options = content.get("anyOf") or content.get("oneOf")
    if options:
        parts = dict.fromkeys(_allowed(schema, option) for option in options)
        return " or ".join(sorted(parts, key=lambda part: part == "null"))
    if "const" in content:
        return f"`{content['const']}`"
    if "enum" in content:
        return ", ".join(f"`{value}`" for value in content["enum"])
    if content.get("type") == "array":
        return _items(schema, content)
    return _scalar(content)


def _definition(schema: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][content["$ref"].rsplit("/", 1)[-1]]
    return found


def _items(schema: dict[str, Any], content: dict[str, Any]) -> str:
    if "prefixItems" in content:
        return (
            f"list of {len(content['prefixItems'])}: {_allowed(schema, content['prefixItems'][0])}"
        )
    return f"list of {_allowed(schema, content['items'])}"


def _scalar(content: dict[str, Any]) -> str:
    names = {"string": "text", "boolean": "true, false", "object": "mapping", None: "any value"}
    name = names.get(content.get("type"), content.get("type"))
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {_number(content[key])}" for key, sign in signs.items() if key in content]
    return " ".join(filter(None, [name, ", ".join(bounds)]))


def _number(value: float) -> str:
    power = round(value).bit_length() - 1
    return f"2^{power}" if power > 20 and value == 2**power else f"{value:g}"


if __name__ == "__main__":
    FILE.write_text(rendered(FILE.read_text(encoding="utf-8")), encoding="utf-8")
