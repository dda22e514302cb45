"""One driver a run folder: a lock that the operating system takes back when the driver dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.spec.errors import Problem, SpecError


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the run folder; SpecError where another driver does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = "another medsweep is running this sweep"
            fix = f"Wait for it, or look at it with `medsweep status {folder}`"
            raise SpecError([Problem(None, None, "RUN", str(folder), message, fix)]) from None
        yield


def is_running(folder: Path) -> bool:
    """Whether a driver holds the folder now."""
    path = folder / ".lock"
    if not path.is_file():
        return False
    with path.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: who looks is no driver
        except BlockingIOError:
            return True
        fcntl.flock(handle, fcntl.LOCK_UN)
    return False
