"""One file of results row by row: its sets of rows, and where in them a metric stands."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.files import RunError
from sweeps.run_folder.ledger import ROWS
from trainables.evaluation.metric_names import BENCHMARK_OF, METRICS, REINFORCED, REWARD, UNSEEN
from trainables.evaluation.row_results import (
    ANSWERS,
    CONTENT,
    PAIRS,
    SAMPLED,
    UNSEEN_PAIRS,
    VALIDATION,
)

Floats = NDArray[np.float64]
KEYS = ("set", "id", "group")


@dataclass(frozen=True)
class RowSet:
    """The rows of one set, as a trial was judged on them."""

    ids: Any  # (n,) pyarrow strings, unique
    groups: NDArray[np.int64]  # (n,) rows with the same one belong together
    columns: Mapping[str, Floats]  # (n,) each; NaN: of this row it has no value
    content: str = ""  # a hash of what the rows say: equal ids may stand for other rows elsewhere

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.groups)


class Source(NamedTuple):
    """Where a metric's values stand: it is the sum of `value` over that of `weight`, times
    `factor`; of no weight each row that has a value counts 1. Not `exact`: the mean over rows is
    another number than the metric, which is of all rows at once."""

    set: str
    value: str
    weight: str | None = None
    factor: float = 1.0
    exact: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """Those to read."""
        return (self.value, self.weight) if self.weight else (self.value,)


class Judged(NamedTuple):
    """What one trial was judged on, for one metric."""

    source: Source
    rows: RowSet
    values: Floats  # (n,) 0 where a row has none
    weights: Floats  # (n,)


def load_rows(path: Path) -> dict[str, RowSet] | None:
    """The sets of a file, or of the folder of a trial or base model that holds one; None where
    there is no file (of an earlier version, or of a trial that is not complete). RunError where it
    cannot be read."""
    file = Path(path) / ROWS if Path(path).is_dir() else Path(path)
    if not file.is_file():
        return None
    stored = _opened(file)
    return {name: _row_set(stored, name, own) for name, own in _row_groups(stored).items()}


def judged(path: Path, metric: str) -> Judged | None:
    """What a file says of a metric; None where there is no file, or nothing of it row by row.
    RunError where it cannot be read."""
    if not path.is_file():
        return None
    stored = _opened(path)
    groups, names = _row_groups(stored), set(stored.schema_arrow.names)
    for source in sources_of(metric):
        if source.set not in groups or not set(source.columns) <= names:
            continue
        rows = _row_set(stored, source.set, groups[source.set], source.columns)
        if source.value in rows.columns:
            return Judged(source, rows, *_weighted(rows, source))
    return None


def sources_of(metric: str) -> list[Source]:
    """Where a metric may stand: the first that is there counts."""
    if metric == "val_loss":
        return [Source(PAIRS, "val_loss"), Source(VALIDATION, "nats", "tokens")]
    if metric == "bits_per_byte":
        return [Source(VALIDATION, "nats", "bytes", 1 / log(2))]
    if metric == f"{UNSEEN}_pairwise_accuracy":
        return [Source(UNSEEN_PAIRS, "pairwise_accuracy")]
    if benchmark := BENCHMARK_OF.get(metric):
        return [Source(benchmark, metric.removeprefix(f"{benchmark}_"))]
    about = METRICS.get(metric)
    if metric.startswith(REWARD) or (about and about.kinds == REINFORCED):
        return [Source(SAMPLED, metric)]
    return [Source(ANSWERS, metric, exact=metric != "bleu"), Source(PAIRS, metric)]


# --- within ------------------------------------------------------------------------------------


def _opened(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        stored = pq.ParquetFile(file)
        stored.read_row_groups([], columns=list(KEYS))
    except (pa.ArrowException, OSError) as error:
        raise RunError(f"{file}: cannot be read as Parquet ({error}). Restore it.") from error
    return stored


def _row_groups(stored: Any) -> dict[str, list[int]]:
    """Which of a file's row groups hold each set: one is of one set."""
    found: dict[str, list[int]] = {}
    for number in range(stored.num_row_groups):
        name = stored.metadata.row_group(number).column(0).statistics.min
        found.setdefault(str(name), []).append(number)
    return found


def _row_set(
    stored: Any, name: str, groups: list[int], names: Iterable[str] | None = None
) -> RowSet:
    """The rows of row groups with these columns (None: all that have a value)."""
    wanted = None if names is None else ["id", "group", *names]
    table = stored.read_row_groups(groups, columns=wanted, use_threads=False)
    columns = {
        name: np.asarray(table.column(name).to_numpy(), np.float64)
        for name in table.column_names
        if name not in KEYS and table.column(name).null_count < len(table)
    }
    ids = table.column("id").combine_chunks()
    contents = json.loads((table.schema.metadata or {}).get(CONTENT.encode(), b"{}"))
    return RowSet(ids, table.column("group").to_numpy(), columns, str(contents.get(name, "")))


def _weighted(rows: RowSet, source: Source) -> tuple[Floats, Floats]:
    values = rows.columns[source.value]
    there = ~np.isnan(values)
    weights = rows.columns[source.weight] if source.weight else there.astype(np.float64)
    return np.where(there, values * source.factor, 0.0), weights
