"""A disk that is full ends the sweep, not a trial: nothing more could be recorded.

What was written stays, each file whole or absent, so `medsweep resume` goes on once there is room.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.failures.sweep_error import SweepError
from sweeps.run_folder.disk_limit import OverLimitError, largest_trial

FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskFullError(SweepError):
    """What is full, and how much is needed, for the person who can make room."""


def is_full(error: BaseException | None) -> bool:
    """Whether an exception says that nothing more can be written where the run folder is."""
    if isinstance(error, OverLimitError):
        return True
    return isinstance(error, OSError) and error.errno in FULL


def full(error: BaseException, folder: Path) -> DiskFullError:
    """What to tell of such an exception, raised while `folder`, the run's, was written."""
    if isinstance(error, OverLimitError):
        fix = f"Go on with more: medsweep resume {folder} --disk-gb N"
        return DiskFullError(f"{error}. Nothing is lost. {fix}")
    free, needed = shutil.disk_usage(folder).free, largest_trial(folder)
    return DiskFullError(
        f"the disk of {folder} is full ({error}): {free / 1e6:.1f} MB are free, and a trial takes "
        f"up to {needed / 1e6:.1f} MB. Nothing is lost. Make room, then go on with: "
        f"medsweep resume {folder}"
    )


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Within, a full disk is raised as DiskFullError."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise full(error, folder) from error
