"""The items of a benchmark, read and drawn: plain data that travels with a trial's rows."""

import hashlib
import json
from typing import NamedTuple

from trainables.data.items import Item
from trainables.evaluation.benchmarks.config import BenchmarkConfig


class LoadedBenchmark(NamedTuple):
    """A benchmark's items, ready to be asked; travels with a trial's data."""

    config: BenchmarkConfig
    items: tuple[Item, ...]
    shots: tuple[Item, ...]
    instruction: str
    version: str
    citation: str | None
    licence: str | None

    @property
    def fingerprint(self) -> str:
        """A SHA-256 over all that is asked, whatever the settings of the model."""
        content = [[list(item) for item in (*self.items, *self.shots)], self.instruction]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()
