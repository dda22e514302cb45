"""Two Ray nodes on this machine's loopback, with token authentication, for tests.

Processes, ports, token and files are the fixture's own, and all are gone when it ends.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

HEAD, WORKER = "127.0.0.2", "127.0.0.3"
START_SECONDS = 60.0
AUTH = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


@dataclass(frozen=True)
class TwoRaylets:
    """`address` of the head; `folder` holds the token and each node's files (head/, worker/)."""

    address: str
    folder: Path
    environment: dict[str, str]  # what a driver needs to be let in

    @property
    def worker_folder(self) -> Path:
        """Where the second node keeps its files."""
        return self.folder / "worker"


def free_port(host: str = HEAD) -> int:
    """A TCP port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def two_raylets(cpus: int = 1, read_only: Path | None = None) -> Iterator[TwoRaylets]:
    """Start a head and a second raylet, `cpus` each, and end both with all their children.

    The second sees an empty read-only file system at `read_only` (needs root, see `can_hide`).
    Neither is started inside the checkout nor has it on PYTHONPATH.
    """
    folder = Path(tempfile.mkdtemp(prefix="rl-", dir="/tmp"))
    address = f"{HEAD}:{free_port()}"
    started: list[subprocess.Popen[bytes]] = []
    try:
        given = _credentials(folder)
        started.append(_start(folder, "head", given, cpus, _head(address)))
        _wait_for_port(address, started[0], folder / "head.log")
        joining = ["--address", address, "--node-ip-address", WORKER]
        prefix = _hiding(read_only) if read_only else []
        started.append(_start(folder, "worker", given, cpus, joining, prefix))
        _wait_for_nodes(address, given, 2)
        yield TwoRaylets(address, folder, given)
    finally:
        _end(started)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def as_driver(raylets: TwoRaylets) -> Iterator[None]:
    """This process may join: the token's place is in its environment, and Ray has read it."""
    before = {name: os.environ.get(name) for name in AUTH}
    os.environ.pop("RAY_AUTH_TOKEN", None)
    os.environ.update(raylets.environment)
    _forget_token()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _forget_token()


def _forget_token() -> None:
    """Ray reads mode and token once a process; a test needs it to look again."""
    from ray._private.authentication_test_utils import reset_auth_token_state

    reset_auth_token_state()


def _credentials(folder: Path) -> dict[str, str]:
    token = folder / "token"
    token.touch(0o600)
    token.write_text(secrets.token_hex(32))
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}


def _head(address: str) -> list[str]:
    host, port = address.split(":")
    return ["--head", "--port", port, "--node-ip-address", host, "--include-dashboard", "false"]


def _environment(given: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH" and not name.startswith("RAY_")
    }
    return {**kept, "RAY_USAGE_STATS_ENABLED": "0", **given}


def _start(
    folder: Path,
    name: str,
    given: dict[str, str],
    cpus: int,
    role: list[str],
    prefix: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    files = folder / name
    files.mkdir()
    sizes = ["--num-cpus", str(cpus), "--num-gpus", "0", "--object-store-memory", str(200 * 2**20)]
    ports = ["--dashboard-agent-listen-port", "0", "--temp-dir", str(files)]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block"]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*prefix, *command, *role, *sizes, *ports, "--disable-usage-stats"],
            env=_environment(given),
            cwd=files,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def can_hide() -> bool:
    """Whether this user may give a process a file system view of its own."""
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return probe.returncode == 0


def _hiding(path: Path) -> list[str]:
    mount = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    return ["unshare", "-m", "sh", "-c", mount, str(path)]


def _wait_for_port(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection((host, int(port)), 1).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"the head did not start: {log.read_text()[-2000:]}")


COUNT = (
    "import sys; from ray._raylet import GcsClient; c = GcsClient(address=sys.argv[1])\n"
    "import time\n"
    "while sum(n.state == 0 for n in c.get_all_node_info().values()) < int(sys.argv[2]):\n"
    "    time.sleep(0.2)\n"
)


def _wait_for_nodes(address: str, given: dict[str, str], count: int) -> None:
    subprocess.run(
        [sys.executable, "-c", COUNT, address, str(count)],
        env=_environment(given),
        timeout=START_SECONDS,
        check=True,
        capture_output=True,
    )


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    doomed: list[psutil.Process] = []
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            doomed += [parent, *parent.children(recursive=True)]
    for one in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    for process in started:
        process.wait(10)
    psutil.wait_procs(doomed, 10)
