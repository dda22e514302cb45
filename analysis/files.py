"""The files of a run folder, read with errors that name the file."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sweeps.reading.union_errors import first_wrong
from sweeps.run_folder import plain_files
from sweeps.spec.sections import SearchSpec

OTHER_VERSION = "Another version of medsweep wrote it: use that one, or correct the field."


class RunError(ValueError):
    """The folder is not a run, or one of its files cannot be read."""


def search_of(file: Path, written: Any) -> SearchSpec:
    """The section `search` that `file` holds; RunError that names the field where it is none of
    this version. What an earlier one did not have gets its default."""
    try:
        return SearchSpec.model_validate(written)
    except ValidationError as error:
        inside, message = first_wrong(error, written)
        field = f"search.{inside}" if inside else "search"
        raise RunError(f"{file}: {field}: {message}. {OTHER_VERSION}") from error


def read_object(path: Path) -> dict[str, Any]:
    """A file's JSON object. RunError where it holds none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not valid JSON ({error}). Restore or delete this file.") from error
    if not isinstance(value, dict):
        raise RunError(f"{path}: must hold a JSON object, got {type(value).__name__}.")
    return value


def read_optional(path: Path) -> dict[str, Any]:
    """As `read_object`; no file is an empty object."""
    return read_object(path) if path.is_file() else {}


def read_lines(path: Path | None) -> list[dict[str, Any]]:
    """The JSON objects of a .jsonl file; broken lines are left out, no file is no lines."""
    return [] if path is None else list(plain_files.read_lines(path))
