"""Confirmed runs as the driver leaves them, with values of ours."""

import json
from pathlib import Path
from typing import Any

from sweeps.confirmation.asked import Asked
from tests.analysis.fixtures import write_run
from trainables.evaluation.row_results import VALIDATION, parquet_of, table_of

A, B, C = "EXP-004", "EXP-002", "EXP-001"  # the best two of the search, and the baseline
CLEAR: dict[str, list[Any]] = {
    A: [0.60, 0.61, 0.605],
    B: [0.66, 0.67, 0.665],
    C: [0.70, 0.71, 0.72],
}
POOL = {A: 0.601, B: 0.662, "EXP-003": 0.69, C: 0.705, "EXP-009": 0.75}


def confirmed(
    folder: Path,
    values: dict[str, list[Any]],
    rows: bool = False,
    search: dict[str, Any] | None = None,
    **asked: Any,
) -> Path:
    """A run with fresh runs of these values (None: it diverged; "lost": its worker died; a list:
    a loss a row, of ten tokens each; a mapping: all its metrics)."""
    write_run(folder, **(search or {}))
    given = {"candidates": (A, B), "baselines": (C,), "seeds": 3, "first_seed": 43}
    Asked(**{**given, "metric": "val_loss", "pool": POOL, **asked}).write(folder)
    for trial, runs in values.items():
        for number, value in enumerate(runs, 1):
            _write(folder, trial, number, value)
    return folder


def _write(folder: Path, trial: str, number: int, value: Any) -> None:
    path = folder / "trials" / trial / "seeds" / str(number)
    path.mkdir(parents=True)
    config = json.loads((folder / "trials" / trial / "config.json").read_text())
    config["trial"] = f"{trial}/seeds/{number}"
    (path / "config.json").write_text(json.dumps(config))
    record = {**config, "state": "complete", "metrics": {}}
    if value is None or value == "lost":
        record |= {"state": "failed", "error": "it ended"}
        record |= {"diverged": True} if value is None else {}
    elif isinstance(value, dict):
        record["metrics"] = value
    elif isinstance(value, list):
        ids = [f"q{place}" for place in range(len(value))]
        columns = {"nats": [10 * v for v in value], "tokens": [10] * len(value)}
        columns["bytes"] = [40] * len(value)
        table = table_of(VALIDATION, ids, ids, ids, columns)  # type: ignore[arg-type]
        (path / "rows.parquet").write_bytes(parquet_of([table]))
        record["metrics"] = {"val_loss": sum(value) / len(value)}
    else:
        record["metrics"] = {"val_loss": value, "minutes": 2.0}
    (path / "record.json").write_text(json.dumps(record))
