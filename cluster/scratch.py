"""Ray's session folder on this machine: short, private, and removed even after a kill."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PREFIX = "medsweep-ray-"  # mkdtemp adds 8 characters
SOCKET = "r/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"  # what Ray adds
SOCKET_BYTES = 107  # the longest path that a Unix socket can have
LONGEST_PARENT = SOCKET_BYTES - len(PREFIX) - 8 - len(SOCKET) - 2
YOUNG_SECONDS = 60.0  # another driver may be between making its folder and locking it


def make_scratch(parent: Path | None = None) -> tuple[Path, Callable[[], None]]:
    """A new private folder (mode 0700), locked while this process lives, and its unlocking.

    Folders that killed drivers left behind are removed first.
    """
    root = parent or scratch_parent()
    remove_abandoned(root)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder, _closer(handle)


def scratch_parent() -> Path:
    """The folder for temporary files, or /tmp where that one's path is too long for sockets."""
    usual = Path(tempfile.gettempdir())
    return usual if len(os.fsencode(usual)) <= LONGEST_PARENT else Path("/tmp")  # noqa: S108


def remove_abandoned(root: Path, now: float | None = None) -> list[Path]:
    """Remove our own scratch folders that no living process holds; returns them."""
    current = time.time() if now is None else now
    mine = [path for path in root.glob(f"{PREFIX}*") if _is_abandoned(path, current)]
    for path in mine:
        shutil.rmtree(path, ignore_errors=True)
    return mine


def _is_abandoned(folder: Path, now: float) -> bool:
    try:
        about = folder.lstat()
        if about.st_uid != os.getuid() or now - about.st_mtime < YOUNG_SECONDS:
            return False
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by a living driver, or not one of these folders at all
        return False
    return True


def _closer(handle: int) -> Callable[[], None]:
    """Close the handle once; later calls do nothing."""
    pending = [handle]

    def close() -> None:
        if pending:
            os.close(pending.pop())

    return close
