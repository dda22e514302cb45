"""A model folder as it is read before anything starts, and what is found odd about it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

Settings = dict[str, Any]
NAME = "model.name_or_path"


class Finding(NamedTuple):
    """Something odd about a model: at which field of the trial, what it means, and the fix."""

    field: str
    value: Any
    message: str
    fix: str
    refused: bool = True


class ModelFolder(NamedTuple):
    """What is read of a model folder."""

    name: str  # as the spec names it
    folder: Path
    config: Settings  # config.json, of a model of several parts that of its text
    shapes: dict[str, tuple[int, ...]]

    def rows(self, endings: tuple[str, ...]) -> int | None:
        """The first dimension of the first tensor whose name ends so."""
        found = (shape[0] for name, shape in self.shapes.items() if name.endswith(endings))
        return next(found, None)


def read_settings(path: Path) -> Settings:
    """A JSON object; empty where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
