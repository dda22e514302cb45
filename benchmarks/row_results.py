"""Results row by row of a large sweep: how long a trial's file takes to write, and a metric of all
trials to read.

Every trial has the losses of `--rows` validation rows, four scores of a fifth of them, and
`--items` items of a benchmark. Read are `val_loss` and a benchmark's accuracy of all trials,
aligned and checked (`analysis.rows.paired_files`), and whole files (`load_rows`): the median of
`--repeat` times.

`python -m benchmarks.row_results`, from the repository's root.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.rows import load_rows, paired_files
from benchmarks.output import command, device, write
from trainables.evaluation.row_results import (
    ANSWERS,
    VALIDATION,
    RowTable,
    parquet_of,
    table_of,
)

BENCHMARK = "medqa"


def tables(random: np.random.Generator, rows: int, items: int) -> list[RowTable]:
    """What a trial keeps."""
    tokens = np.random.default_rng(rows).integers(5, 200, rows)
    loss = {"nats": (random.gamma(2, 0.5, rows) * tokens).tolist()}
    loss |= {"tokens": tokens.tolist(), "bytes": (4 * tokens).tolist()}
    scores = {name: random.random(rows // 5).tolist() for name in ("rouge1", "rouge2", "rougeL")}
    hits = {"accuracy": random.integers(0, 2, items).astype(float).tolist()}
    hits["probability"] = random.random(items).tolist()
    return [
        _table(VALIDATION, rows, loss),
        _table(ANSWERS, rows // 5, {**scores, "bleu": scores["rouge2"]}),
        _table(BENCHMARK, items, hits),
    ]


def _table(name: str, n: int, values: Mapping[str, list[float | None]]) -> RowTable:
    ids = [f"{name}-{place:06d}" for place in range(n)]
    return table_of(name, ids, [f"group {place // 3}" for place in range(n)], ids, values)


def measure(folder: Path, trials: int, rows: int, items: int, repeat: int) -> dict[str, Any]:
    """Seconds of each, and the bytes of a file."""
    random = np.random.default_rng(0)
    one = tables(random, rows, items)
    made, written = _seconds(lambda: parquet_of(one), repeat), {}
    for number in range(trials):
        place = folder / f"EXP-{number:04d}"
        place.mkdir()
        written[place.name] = place / "rows.parquet"
        written[place.name].write_bytes(parquet_of(tables(random, rows, items)))
    return {
        "trials": trials,
        "rows": rows,
        "items": items,
        "file_bytes": len(parquet_of(one)),
        "state_bytes": len(json.dumps(one[:1], indent=2)),
        "make_file_s": round(made, 5),
        "state_as_json_s": round(_seconds(lambda: json.dumps(one[:1], indent=2), repeat), 5),
        "val_loss_of_all_s": round(_seconds(lambda: _all(written, "val_loss"), repeat), 3),
        "accuracy_of_all_s": round(
            _seconds(lambda: _all(written, f"{BENCHMARK}_accuracy"), repeat), 3
        ),
        "all_whole_files_s": round(
            _seconds(lambda: [*map(load_rows, written.values())], repeat), 3
        ),
    }


def _all(files: Mapping[str, Path], metric: str) -> None:
    found = paired_files(files, metric)
    assert found is not None
    assert found.values.shape[0] == len(files)


def _seconds(action: Callable[[], Any], repeat: int) -> float:
    took = []
    for _ in range(repeat):
        began = time.perf_counter()
        action()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = command(__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="medsweep-rows-") as folder:
        sizes = (options.trials, options.rows, options.items)
        found = measure(Path(folder), *sizes, options.repeat)
    print("  ".join(f"{name}={value}" for name, value in found.items()))
    write(options.json, {**found, "load_before": round(load, 2), "device": device()})


if __name__ == "__main__":
    main()
