"""What must be told of a data set before anything is trained on it."""

from collections.abc import Iterator, Mapping
from typing import Any

from sweeps.readiness.cut_rows import cut_rows
from trainables.data.losses import loss_told


def data_warnings(report: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on rows that filters took, and on those that were cut; of all stages' data."""
    for name, part in (report.get("stages") or {"": report}).items():
        told = filter(None, (loss_told(part), cut_rows(part)))
        yield from (f"stage {name}: {sentence}" if name else sentence for sentence in told)
