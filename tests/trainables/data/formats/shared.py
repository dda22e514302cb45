"""Real data beside the repository, where a machine has it, and small files in published layouts."""

import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[5] / "shared" / "data"


def shared(*parts: str) -> str:
    """A path under ../shared/data; skips the test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip("needs the real data sets in ../shared/data")
    return str(path)


def json_lines(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write a JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def whole_json(path: Path, content: Any) -> str:
    """Write one JSON value."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)
