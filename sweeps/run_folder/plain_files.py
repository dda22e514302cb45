"""Files of JSON: one object, or one a line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sweeps.run_folder.atomic import encoded, write_bytes


def read_json(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; None where it is absent, cut short or no object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Replace a file with one object a line, in one step."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_bytes(path, encoded(text))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one a line; a line that is cut short or none is skipped."""
    if not path.is_file():
        return
    # not splitlines(): it also breaks at U+2028, which JSON strings may hold
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):  # the last line of a killed driver
            continue
        if isinstance(found, dict):
            yield found
