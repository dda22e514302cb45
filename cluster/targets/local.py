"""Target `local`: a Ray of our own on this machine, for as long as the sweep runs."""

import os
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster.config import ClusterConfig
from cluster.devices import Device, cpu_count, local_devices
from cluster.errors import ClusterError
from cluster.own_modules import OwnModules
from cluster.scratch import make_scratch
from cluster.session import Session, current_session
from cluster.tokens import ensure_private_token, require_tokens

# what passes through the object store: tokenised rows, adapters and checkpoints
OBJECT_STORE_BYTES = 2**30
SMALLEST_STORE_BYTES = 80 * 2**20  # Ray refuses less than 75 MiB


def connect(
    cluster: ClusterConfig, packages: Sequence[Path], own: OwnModules | None = None
) -> Session:
    """Start Ray here, with this machine's cores and GPUs, private to this user. Its processes have
    this one's environment, so that `own` modules are found where they are.

    Raises ClusterError when Ray does not start.
    """
    import ray

    if ray.is_initialized():
        message = "this process is already connected to a Ray cluster"
        raise ClusterError("cluster.target", "local", message, "Close that session first")
    folder, release = make_scratch()
    require_tokens()
    ensure_private_token(folder)
    try:
        with private_files(), on_loopback(), importable(packages):
            _start(folder)
    except (Exception, SystemExit) as problem:
        Session("local", "", folder, release).close()
        message = f"Ray did not start here: {problem}"
        fix = "`medsweep doctor --deep` tries it and says what this machine lacks"
        raise ClusterError("cluster.target", "local", message, fix) from problem
    return current_session("local", folder, release)


def described(cluster: ClusterConfig) -> str:
    """Where trials run, in words."""
    return "on this machine"


def devices_at_hand() -> list[Device]:
    """This machine's GPUs."""
    return local_devices()


def _start(folder: Path) -> None:
    import ray

    # Ray runs workers at niceness 15: whatever else the machine does would starve the trials
    os.environ.setdefault("RAY_worker_niceness", "0")
    ray.init(
        address="local",
        num_cpus=cpu_count(),
        num_gpus=len(local_devices()),
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        object_store_memory=object_store_bytes(),
        _temp_dir=str(folder / "r"),  # inside: Ray opens its own folder to everybody
    )


@contextmanager
def on_loopback() -> Iterator[None]:
    """A Ray started inside listens on the loopback interface alone: its node's address is that
    one's where no other machine can join. Ray reads its own variable for this at import only."""
    from ray._private import ray_constants

    before, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def object_store_bytes(shm: Path = Path("/dev/shm")) -> int:  # noqa: S108
    """Bytes for Ray's object store: 1 GiB, or half of the free shared memory if that is less."""
    try:
        space = os.statvfs(shm)
    except OSError:
        return OBJECT_STORE_BYTES
    half = space.f_bavail * space.f_frsize // 2
    return max(SMALLEST_STORE_BYTES, min(OBJECT_STORE_BYTES, half))


@contextmanager
def private_files() -> Iterator[None]:
    """Files made inside, by this process or one started from it, are closed to others."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def importable(packages: Sequence[Path]) -> Iterator[None]:
    """Processes started inside can import these packages, whatever the working directory is."""
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    roots = {package.resolve().parent for package in packages} - installed
    before = os.environ.get("PYTHONPATH")
    parts = [*sorted(str(root) for root in roots), *([before] if before else [])]
    os.environ["PYTHONPATH"] = os.pathsep.join(parts)
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
