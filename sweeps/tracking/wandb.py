"""Weights & Biases, kept at arm's length: this side only writes lines to a process of its own.

wandb can hang for minutes when its server does, also while the interpreter exits. So it lives in a
child process (`sweeps.tracking.wandb_process`), which can be killed with everything it started.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import IO, Any

from sweeps.spec.sections import WandbConfig
from sweeps.tracking.lane import Warn
from sweeps.tracking.tracker import SweepInfo, TrialInfo

# variables that would make each of our runs something else than the spec says
RUN_VARIABLES = {
    "WANDB_CONFIG_PATHS",
    "WANDB_DIR",
    "WANDB_DISABLED",
    "WANDB_FORK_FROM",
    "WANDB_JOB_TYPE",
    "WANDB_LAUNCH",
    "WANDB_MODE",
    "WANDB_NAME",
    "WANDB_NOTES",
    "WANDB_PROGRAM",
    "WANDB_PROJECT",
    "WANDB_RESUME",
    "WANDB_RESUME_FROM",
    "WANDB_RUN_GROUP",
    "WANDB_RUN_ID",
    "WANDB_SERVICE",
    "WANDB_SWEEP_ID",
    "WANDB_SWEEP_PARAM_PATH",
    "WANDB_TAGS",
}


def make(config: WandbConfig, warn: Warn) -> "WandbTracker":
    """The factory that the registry names."""
    return WandbTracker(config, warn)


class WandbTracker:
    """Sends every event as a line of JSON to the child; the child's warnings come back as lines."""

    def __init__(self, config: WandbConfig, warn: Warn) -> None:
        self._config = config
        self._warn = warn
        self._child: subprocess.Popen[str] | None = None

    def sweep_started(self, run: SweepInfo) -> None:
        """Start the child; its files are under RUN/wandb."""
        folder = run.folder.absolute() / "wandb"
        folder.mkdir(parents=True, exist_ok=True)
        self._child = start_child(folder / "tracker.log")
        assert self._child.stdout is not None
        listening = (self._child.stdout, self._warn)
        threading.Thread(target=_pass_on, args=listening, daemon=True).start()
        self._tell(
            "sweep_started",
            name=run.name,
            folder=str(run.folder.absolute()),
            spec=run.spec,
            parameters=run.parameters,
            config=self._config.model_dump(mode="json"),
        )

    def trial_started(self, trial: TrialInfo) -> None:
        """A run of its own."""
        self._tell("trial_started", **dataclasses.asdict(trial))

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        """A line of the run's history."""
        self._tell("metrics", trial_id=trial_id, step=step, values=values)

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: Path | None) -> None:
        """The run's summary, and the adapter where `log_adapter` asks for it."""
        path = str(adapter.absolute()) if adapter else None
        self._tell("trial_finished", trial_id=trial_id, record=record, adapter=path)

    def close(self) -> None:
        """Wait until everything is written or uploaded; `abandon` ends the waiting."""
        if self._child is None or self._child.stdin is None:
            return
        self._tell("close")
        self._child.stdin.close()
        self._child.wait()

    def abandon(self) -> None:
        """Kill the child and all that it started. What was not uploaded lies in RUN/wandb."""
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._warn("what W&B did not take can be uploaded later: `wandb sync RUN/wandb/*run-*`")

    def _tell(self, event: str, **values: Any) -> None:
        if self._child is None or self._child.stdin is None:
            raise RuntimeError("the W&B process was not started")
        try:
            self._child.stdin.write(json.dumps({"event": event, **values}) + "\n")
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError) as problem:
            raise RuntimeError("the W&B process has ended; see RUN/wandb/tracker.log") from problem


def start_child(log: Path) -> "subprocess.Popen[str]":
    """The child, in a session of its own: Ctrl-C goes to the driver alone, killpg to all of it."""
    with log.open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "sweeps.tracking.wandb_process"],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )


def child_environment() -> dict[str, str]:
    """The user's environment (key, server, proxies) less what belongs to a single W&B run."""
    kept = {name: value for name, value in os.environ.items() if name not in RUN_VARIABLES}
    quiet = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "PYTHONSAFEPATH": "1"}
    root = Path(__file__).resolve().parents[2]
    if root != Path(sysconfig.get_path("purelib")).resolve():  # not installed: a checkout
        before = kept.get("PYTHONPATH")
        quiet["PYTHONPATH"] = f"{root}{os.pathsep}{before}" if before else str(root)
    return {**kept, **quiet}


def _pass_on(lines: IO[str], warn: Warn) -> None:
    for line in lines:
        warn(line.rstrip("\n"))
