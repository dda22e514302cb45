"""Entries of the data cache: a folder with Parquet tables and `entry.json`, written last.

`entry.json` holds the report and the SHA-256 of every table, so a damaged or half-written entry is
seen as absent and is built again.
"""

import json
from pathlib import Path
from typing import Any

from trainables.cache import cache_dir, file_sha256, replacing

DataReport = dict[str, Any]
ENTRY = "entry.json"


def entry_folder(kind: str, key: str) -> Path:
    """Where the entry of that kind ("text", "tokens") and key is, or will be."""
    return cache_dir() / "data" / f"{kind}-{key}"


def write_entry(folder: Path, tables: dict[str, Any], report: DataReport) -> None:
    """Write pyarrow tables under their names, and then the report."""
    import pyarrow.parquet as pq

    (folder / ENTRY).unlink(missing_ok=True)
    digests = {}
    for name, table in tables.items():
        with replacing(folder / f"{name}.parquet") as part:
            pq.write_table(table, part)
            digests[name] = file_sha256(part)
    with replacing(folder / ENTRY) as part:
        part.write_text(json.dumps({"report": report, "sha256": digests}, indent=1))


def read_entry(folder: Path) -> tuple[dict[str, Any], DataReport] | None:
    """(tables by name, report) of an intact entry, else None."""
    import pyarrow.parquet as pq

    try:
        entry = json.loads((folder / ENTRY).read_text())
        paths = {name: folder / f"{name}.parquet" for name in entry["sha256"]}
        if any(file_sha256(path) != entry["sha256"][name] for name, path in paths.items()):
            return None
        return {name: pq.read_table(path) for name, path in paths.items()}, entry["report"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_report(folder: Path) -> DataReport | None:
    """Only the report of an entry, without reading its tables; None where there is none."""
    try:
        report = json.loads((folder / ENTRY).read_text())["report"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return report if isinstance(report, dict) else None
