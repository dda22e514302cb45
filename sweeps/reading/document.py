"""A spec as it was written: plain data that still knows the line of every key."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from search_spaces.schema import get_path
from sweeps.spec.errors import Problem

Path: TypeAlias = tuple[str | int, ...]  # keys and list indices from the top of the document

SET = "--set"


class SpecFinding(NamedTuple):
    """A problem at a path of the document, before its file and line are looked up."""

    path: Path
    message: str
    value: object | None = None
    fix: str | None = None


@dataclass
class Document:
    """What a spec says, before it is checked."""

    file: str | None
    text: str
    data: dict[str, Any]
    lines: dict[Path, int]  # of keys and list items, from 1
    overridden: set[Path] = field(default_factory=set)

    def where(self, path: Path) -> tuple[str | None, int | None]:
        """File and line of the nearest thing that was written at or above `path`."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.overridden:
                return SET, None
            if path[:length] in self.lines:
                return self.file, self.lines[path[:length]]
        return self.file, 1

    def path_of(self, dotted: str) -> Path:
        """The path that a dotted field names here, as far as it was written; keys may hold dots."""
        return _resolve(self.data, dotted.split("."))

    def problem(self, finding: SpecFinding) -> Problem:
        """The finding with its file and line."""
        file, line = self.where(finding.path)
        dotted = ".".join(map(str, finding.path))
        return Problem(file, line, dotted, finding.value, finding.message, finding.fix)


def _resolve(data: object, parts: list[str]) -> Path:
    if isinstance(data, dict):
        for length in range(1, len(parts) + 1):
            key = ".".join(parts[:length])
            if key in data:
                return (key, *_resolve(data[key], parts[length:]))
    if isinstance(data, list) and parts and parts[0].isdecimal() and int(parts[0]) < len(data):
        index = int(parts[0])
        return (index, *_resolve(data[index], parts[1:]))
    return tuple(parts)


def section(data: object, *names: str) -> dict[str, Any]:
    """The mapping under these keys (numbers lead into lists), or an empty one where there is
    none."""
    data = get_path(data, ".".join(names)) if names and isinstance(data, dict) else data
    return data if isinstance(data, dict) else {}
