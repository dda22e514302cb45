"""Target `ray`: an existing Ray cluster, joined with its token.

The driver runs on one of the cluster's machines. Our packages travel inside Ray's runtime
environment, so the other machines need the pinned dependencies but no checkout.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cluster.config import ClusterConfig
from cluster.errors import ClusterError
from cluster.own_modules import SHIPPED, OwnModules, copy_modules
from cluster.session import Session, current_session
from cluster.tokens import default_token_path, has_token, require_tokens

FIELD = "cluster.address"
TCP_SECONDS = 5.0
PROBE_SECONDS = 20.0


def connect(
    cluster: ClusterConfig, packages: Sequence[Path], own: OwnModules | None = None
) -> Session:
    """Join the cluster at `cluster.address` (HOST:PORT, or `auto`: the one on this machine).

    Raises ClusterError when the address is missing or unreachable, when the token is missing or
    wrong, or when the cluster takes commands without one.
    """
    address = _address(cluster.address)
    if address != "auto":
        _check_reachable(address)
    require_tokens()
    _check_token(address)
    try:
        with tempfile.TemporaryDirectory(prefix="medsweep-empty-") as empty:
            _join(address, packages, empty, own)
    except (Exception, SystemExit) as problem:  # Ray exits where it cannot talk to the head
        fix = "Run medsweep on a machine of the cluster (`ray status` must work there)"
        raise ClusterError(FIELD, address, f"joining failed: {problem}", fix) from problem
    return current_session("ray")


def described(cluster: ClusterConfig) -> str:
    """Where trials run, in words."""
    return f"on the Ray cluster at {cluster.address or 'auto'}"


def devices_at_hand() -> None:
    """Unknown before it is joined: trials run on any of the cluster's machines."""


def _join(
    address: str, packages: Sequence[Path], empty: str, own: OwnModules | None = None
) -> None:
    import ray

    # without a working directory Ray puts the driver's own folders before py_modules, and another
    # machine that happens to have a stale checkout at that path would run it
    environment: dict[str, Any] = {
        "py_modules": [str(package) for package in packages],
        "working_dir": empty,
        "excludes": ["__pycache__/", "*.pyc"],
    }
    if own is not None:
        copy_modules(own.folder, Path(empty) / SHIPPED)
        environment["env_vars"] = dict(own.environment)
    ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level="error")


def _address(address: str | None) -> str:
    fix = "Write HOST:PORT of the cluster's head, or auto on a machine of the cluster"
    if not address:
        raise ClusterError(FIELD, address, "target ray needs the address of a cluster", fix)
    host, _, port = address.rpartition(":")
    if address != "auto" and not (host and "/" not in host and port.isdigit()):
        raise ClusterError(FIELD, address, "is not HOST:PORT", fix)
    return address


def _check_reachable(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), TCP_SECONDS).close()
    except (OSError, OverflowError) as problem:
        message = f"nothing answers there ({problem})"
        fix = "Check host and port; a head is started with `RAY_AUTH_MODE=token ray start --head`"
        raise ClusterError(FIELD, address, message, fix) from problem


def _check_token(address: str) -> None:
    if not has_token():
        fix = f"Copy the head's token to {default_token_path()} (mode 600), or set RAY_AUTH_TOKEN"
        raise ClusterError(FIELD, address, "this machine has no token for the cluster", fix)
    with_token, without = _probe(address, "token"), _probe(address, "disabled")
    if without is None:
        message = "the cluster takes commands from anybody: it runs without token authentication"
        fix = "Restart every node of it with RAY_AUTH_MODE=token"
        raise ClusterError(FIELD, address, message, fix)
    if with_token is not None:
        raise _refused(address, with_token)


def _refused(address: str, answer: str) -> ClusterError:
    if "InvalidAuthToken" in answer or "AuthenticationError" in answer:
        fix = f"Copy the head's token to {default_token_path()} (mode 600), or set RAY_AUTH_TOKEN"
        return ClusterError(FIELD, address, "the cluster refuses this machine's token", fix)
    lines = answer.strip().splitlines()
    message = f"no Ray cluster answers there ({lines[-1] if lines else 'no reason given'})"
    return ClusterError(FIELD, address, message, "Look at `ray status` on the cluster's head")


def _probe(address: str, mode: str) -> str | None:
    """None when the head answers a process in this authentication mode, else its complaint.

    A process of its own: with a wrong token Ray retries for 20 s and prints a line a second.
    """
    target = [] if address == "auto" else ["--address", address]
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", *target]
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter; the address is HOST:PORT)
            command,
            env={**os.environ, "RAY_AUTH_MODE": mode},
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PROBE_SECONDS:.0f} s"
    return None if done.returncode == 0 else done.stderr + done.stdout
