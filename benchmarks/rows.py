"""A benchmark's rows: printed and written as they come, so that a time limit loses none."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sweeps.run_folder.atomic import write_text

JSON = dict[str, Any]


def tell(rows: Iterable[JSON], about: JSON, path: Path | None) -> list[JSON]:
    """Print each row as it comes, and write all so far, each with `about`, to the file."""
    told: list[JSON] = []
    for row in rows:
        plain = {name: value for name, value in row.items() if not isinstance(value, dict)}
        print("  ".join(f"{name}={value}" for name, value in plain.items()), flush=True)
        told.append({**row, **about})
        if path:
            write_text(path, json.dumps(told, indent=1) + "\n")
    return told
