"""A run that was refused before it began leaves nothing in the way of the next."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import ClusterError
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.errors import SpecError
from trainables.errors import InputError

LOCK = ".lock"  # of sweeps.run_folder.run_lock, which is held meanwhile


@contextmanager
def nothing_unless_begun(ledger: Ledger) -> Iterator[None]:
    """Where a cluster or the spec is refused while no trial and no base model has begun, what was
    written into the run folder meanwhile goes, and the folder where nothing else is in it: a
    corrected `run` of the same name is then no second run of it."""
    before = set(ledger.folder.iterdir())
    try:
        yield
    except (ClusterError, InputError, SpecError):
        if not ledger.entries():
            _forget(ledger.folder, before)
        raise


def _forget(folder: Path, before: set[Path]) -> None:
    for path in set(folder.iterdir()) - before:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    if {path.name for path in folder.iterdir()} <= {LOCK}:
        shutil.rmtree(folder, ignore_errors=True)
