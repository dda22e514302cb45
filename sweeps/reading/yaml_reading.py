"""YAML as specs use it, read safely, with the line of every key.

YAML 1.2's core schema: `1e-5` is a number; only true and false are booleans (`no` is text); there
are no dates; keys are always text; a repeated key is an error; no tag builds an object.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sweeps.reading.document import Path
from sweeps.reading.yaml_mistakes import mistake
from sweeps.spec.errors import Problem

TAG = "tag:yaml.org,2002:"
MERGE = TAG + "merge"
MAX_NODES = 100_000  # aliases of aliases can stand for more than any memory holds


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's plain scalars."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _name, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+0123456789."),
    ),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(TAG + _name, re.compile(_pattern), _first)


@dataclass
class Reading:
    """The data of a YAML text, the lines of its keys, and what is wrong with it."""

    file: str | None
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0


class _Unreadable(Exception):
    """Ends the walk; the problem is already noted."""


def read_yaml(text: str, file: str | None) -> Reading:
    """Read one YAML document. Whatever is wrong is in `problems`, not raised."""
    reading = Reading(file)
    try:
        node = yaml.compose(text, Loader=_Loader)
        reading.data = None if node is None else _build(node, (), (), reading)
    except yaml.MarkedYAMLError as error:
        _note(reading, *mistake(text, error))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        _note(reading, line, "holds a control character", "Remove it")
    except RecursionError:
        _note(reading, None, "is nested too deeply", "Write it flatter")
    except _Unreadable:
        pass
    return reading


def _note(reading: Reading, line: int | None, message: str, fix: str, field: str = "YAML") -> None:
    reading.problems.append(Problem(reading.file, line, field, None, message, fix))


def _build(node: Node, path: Path, above: tuple[int, ...], reading: Reading) -> Any:
    """The value of a node; `above` are the nodes around it, to find a circle of aliases."""
    reading.nodes += 1
    if id(node) in above or reading.nodes > MAX_NODES:
        what = "an alias that contains itself" if id(node) in above else "too many aliases"
        _note(reading, node.start_mark.line + 1, what, "Write the values out")
        raise _Unreadable
    above = (*above, id(node))
    if not isinstance(node, ScalarNode) and node.tag not in (TAG + "map", TAG + "seq"):
        line = node.start_mark.line + 1
        _note(
            reading, line, f"has an unknown tag {node.tag}", "Remove it", ".".join(map(str, path))
        )
    if isinstance(node, MappingNode):
        return _mapping(node, path, above, reading)
    if isinstance(node, SequenceNode):
        return _sequence(node, path, above, reading)
    return _scalar(node, path, reading)


def _sequence(node: SequenceNode, path: Path, above: tuple[int, ...], reading: Reading) -> Any:
    for index, item in enumerate(node.value):
        reading.lines[(*path, index)] = item.start_mark.line + 1
    return [_build(item, (*path, i), above, reading) for i, item in enumerate(node.value)]


def _mapping(node: MappingNode, path: Path, above: tuple[int, ...], reading: Reading) -> Any:
    found: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag == MERGE:
            merged = {**_merge(value, path, above, reading), **merged}
            continue
        if not isinstance(key, ScalarNode):
            _note(reading, line, "a key must be text", "Quote it", ".".join(map(str, path)))
            continue
        key_path = (*path, key.value)
        if key.value in found:
            what = f"is there twice, first in line {reading.lines[key_path]}"
            _note(reading, line, what, "Remove one of them", ".".join(map(str, key_path)))
            continue
        reading.lines[key_path] = line
        found[key.value] = _build(value, key_path, above, reading)
    return {**merged, **found}


def _merge(node: Node, path: Path, above: tuple[int, ...], reading: Reading) -> dict[str, Any]:
    """What `<<: *anchor` brings in; of a list of anchors the first wins."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    merged: dict[str, Any] = {}
    for part in reversed(nodes):
        value = _build(part, path, above, reading)
        merged.update(value if isinstance(value, dict) else {})
    return merged


def _scalar(node: Node, path: Path, reading: Reading) -> Any:
    kind = node.tag.removeprefix(TAG)
    try:
        return _SCALARS[kind](node.value)
    except (KeyError, ValueError):
        what = f"cannot be read as {kind}" if kind in _SCALARS else f"has an unknown tag {node.tag}"
        line = node.start_mark.line + 1
        _note(reading, line, what, "Remove the tag or quote it", ".".join(map(str, path)))
        return None


def _int(text: str) -> int:
    digits = text.lower()
    return int(digits, 0) if digits[:2] in ("0x", "0o") else int(digits)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Callable[[str], Any]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": _int,
    "float": _float,
    "str": str,
}
