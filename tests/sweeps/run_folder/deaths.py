"""Kills a driver at a chosen one of its writes: from then on it does nothing to the disk at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sweeps.run_folder.ledger import Ledger

WRITES = ("replace", "rename", "fsync", "mkdir", "unlink", "rmdir")


class KilledError(BaseException):
    """The driver is dead."""


class Killer:
    """Counts writes; dies before the one numbered `at` (from 0), and before all that follow."""

    def __init__(self, at: int | None) -> None:
        self.at, self.count = at, 0

    def write(self) -> bool:
        """Note a write; True where it is the one that is torn. Raises where it is not done."""
        self.count += 1
        if self.at is not None and self.count - 1 > self.at:
            raise KilledError
        return self.count - 1 == self.at


@contextmanager
def killer(at: int | None = None) -> Iterator[Killer]:
    """Every write inside is counted, and none is done once `at` were."""
    death = Killer(at)
    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(os, name, _deadly(getattr(os, name), death))
        patch.setattr(Ledger, "_append", _torn(Ledger._append, death))
        yield death


def _deadly(real: Callable[..., Any], death: Killer) -> Callable[..., Any]:
    def write(*args: Any, **rest: Any) -> Any:
        if death.write():
            raise KilledError
        return real(*args, **rest)

    return write


def _torn(real: Callable[..., None], death: Killer) -> Callable[..., None]:
    """Half of a line of metrics.jsonl reaches the disk where the driver dies in it."""

    def append(ledger: Ledger, entry: Any, report: Any) -> None:
        torn = death.write()
        real(ledger, entry, report)
        if torn:
            path = ledger.path(entry, "metrics.jsonl")
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) - 20])
            raise KilledError

    return append


def snapshot(folder: Path, pattern: str = "**/*") -> dict[str, bytes]:
    """Every file's bytes, by its path in the folder."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.glob(pattern)
        if file.is_file()
    }
