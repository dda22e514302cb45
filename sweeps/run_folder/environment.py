"""What a run ran on: versions, the git commit and uncommitted changes, devices. Never a secret."""

import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cluster.devices import cpu_count, cpu_name, local_devices, memory_bytes
from sweeps.run_folder.atomic import write_json
from sweeps.run_folder.plain_files import read_json

PACKAGES = (
    "medsweep",
    "torch",
    "transformers",
    "peft",
    "trl",
    "bitsandbytes",
    "accelerate",
    "datasets",
    "ray",
    "optuna",
    "wandb",
)
FILE = "environment.json"
LONGEST_DIFF = 1_000_000  # characters


def describe_environment() -> dict[str, Any]:
    """A JSON object for environment.json."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "hostname": platform.node(),
        "cpu": cpu_name(),
        "cpus": cpu_count(),
        "memory_gb": round(memory_bytes() / 1e9, 1),
        "devices": [
            {"index": d.index, "name": d.name, "memory_gb": round(d.memory / 1e9, 1)}
            for d in local_devices()
        ],
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "git": _git(),
        "command": Path(sys.argv[0]).name,
    }


def note_agreed(folder: Path, reasons: Sequence[str]) -> None:
    """Add to a run's environment.json what a yes was given to before training."""
    if reasons:
        content = read_json(folder / FILE) or {}
        agreed = [*content.get("agreed", []), *reasons]
        write_json(folder / FILE, {**content, "agreed": agreed})


def own_version() -> str:
    """medsweep's version."""
    return _version("medsweep") or "unknown"


def _git() -> dict[str, Any] | None:
    """Of the checkout that medsweep runs from; None where it is installed from a wheel."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    diff = _run("git", "-C", str(root), "diff", "HEAD")
    commit = _run("git", "-C", str(root), "rev-parse", "HEAD")
    return {"commit": commit.strip(), "dirty": bool(diff), "diff": diff[:LONGEST_DIFF]}


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")  # a diff holds whatever files hold


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
