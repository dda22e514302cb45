"""W&B runs of one sweep: one a trial, grouped, attached to the W&B sweep when online."""

import json
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sweeps.tracking.finite import finite_numbers
from sweeps.tracking.wandb_config import run_config, sweep_config

REGISTER_SECONDS = 30.0
INIT_SECONDS = 30.0
CONFIRMATION = "confirmation"  # the job type of runs with new seeds
ENDED_WELL = ("complete", "stopped", "infeasible")


class WandbRuns:
    """Called from one thread. A server that does not answer makes the rest of the sweep offline."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._runs: dict[str, Any] = {}
        self._ending: list[threading.Thread] = []
        self._name = ""
        self._folder = Path()
        self._config: dict[str, Any] = {}
        self._identity: dict[str, Any] = {}
        self._online = False

    def sweep_started(
        self,
        name: str,
        folder: str,
        spec: dict[str, Any],
        parameters: dict[str, dict[str, Any]],
        config: dict[str, Any],
    ) -> None:
        """Know the sweep; online, register it with W&B unless an earlier start did."""
        self._name, self._folder, self._config = name, Path(folder), config
        self._identity = read_identity(self._folder)
        self._online = config["mode"] == "online"
        if self._online and self._place() != self._identity.get("place"):
            self._register(sweep_config(name, spec, parameters))

    def trial_started(
        self,
        trial_id: str,
        label: str | None,
        parameters: dict[str, Any],
        config: dict[str, Any],
        of: str | None = None,
    ) -> None:
        """Open the trial's run; the same one again after a resume. A trial that is trained `of` new
        seeds is grouped with the sweep, and is none of the W&B sweep's, whose panels would count a
        configuration as often as it was run."""
        about = {
            "name": trial_id,
            "notes": f"{of} with a new seed" if of else label,
            "tags": [label[:64]] if label else None,
            "job_type": CONFIRMATION if of else None,
            "config": run_config(config, parameters),
        }
        run = self._open_online(trial_id, about) if self._online else None
        self._runs[trial_id] = run or self._open(trial_id, about, "offline")

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        """A line of history; lines of the same step become one."""
        self._runs[trial_id].log(finite_numbers(values), step=step)

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: str | None) -> None:
        """The final metrics as summary, the adapter if asked for; uploads go on in a thread."""
        run = self._runs.pop(trial_id)
        run.log({}, commit=True)  # else the last line of history would overwrite the summary
        run.summary.update({**finite_numbers(record.get("metrics", {})), "state": record["state"]})
        if adapter and self._config["log_adapter"]:
            self._log_adapter(run, trial_id, Path(adapter))
        self._end(run, 0 if record["state"] in ENDED_WELL else 1)

    def close(self, seconds: float | None) -> None:
        """End all runs; trials that are not finished count as interrupted. None: no time limit."""
        for run in self._runs.values():
            self._end(run, 255)
        self._runs.clear()
        for thread in self._ending:
            thread.join(None if seconds is None else seconds / len(self._ending))

    def _end(self, run: Any, code: int) -> None:
        def finish() -> None:
            run.finish(exit_code=code)

        thread = threading.Thread(target=finish, daemon=True)
        thread.start()
        self._ending.append(thread)

    def _log_adapter(self, run: Any, trial_id: str, folder: Path) -> None:
        import wandb

        artifact = wandb.Artifact(f"{self._name}-{_safe(trial_id)}", type="model")
        # "immutable" uploads from the run folder instead of a second copy in the user's cache
        artifact.add_dir(str(folder), policy="immutable", skip_cache=True)
        run.log_artifact(artifact)

    def _open_online(self, trial_id: str, about: dict[str, Any]) -> Any | None:
        try:
            return self._open(trial_id, about, "online")
        except Exception as problem:
            self._go_offline(str(problem))
            return None

    def _open(self, trial_id: str, about: dict[str, Any], mode: str) -> Any:
        import wandb

        online, searched = mode == "online", about["job_type"] is None
        return wandb.init(
            project=self._config["project"],
            entity=self._config["entity"],
            group=self._name,
            id=f"{self._identity['uid']}-{_safe(trial_id)}",
            dir=str(self._folder),
            mode="online" if online else "offline",
            resume="allow" if online else None,
            reinit="create_new",
            settings=_settings(self._identity.get("sweep") if online and searched else None),
            **about,
        )

    def _register(self, config: dict[str, Any]) -> None:
        """Create the W&B sweep, and remember it for a resume; give up after REGISTER_SECONDS."""
        done: dict[str, Any] = {}

        def create() -> None:
            import wandb

            try:
                place = {"project": self._config["project"], "entity": self._config["entity"]}
                done["sweep"] = wandb.sweep(config, **place)
            except Exception as problem:
                done["problem"] = problem

        thread = threading.Thread(target=create, daemon=True)
        thread.start()
        thread.join(REGISTER_SECONDS)
        if "sweep" not in done:
            self._go_offline(str(done.get("problem", f"no answer in {REGISTER_SECONDS:.0f} s")))
            return
        self._identity.update(sweep=done["sweep"], place=self._place())
        write_identity(self._folder, self._identity)

    def _place(self) -> list[Any]:
        """Where the W&B sweep is registered: another place needs another one."""
        return [self._config["entity"], self._config["project"]]

    def _go_offline(self, why: str) -> None:
        self._online = False
        reason = why.strip().splitlines()[0] if why.strip() else "no reason given"
        self._report(
            f"W&B cannot be reached ({reason}): from here on it is tracked offline. Check the "
            "network and `wandb login`; upload later with `wandb sync RUN/wandb/offline-run-*`"
        )


def _settings(sweep: str | None) -> Any:
    """Quiet, and silent about the machine: the run folder's environment.json says it better."""
    import wandb

    return wandb.Settings(
        sweep_id=sweep,
        program="medsweep",
        silent=True,
        console="off",
        init_timeout=INIT_SECONDS,
        disable_code=True,
        disable_git=True,
        disable_job_creation=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )


def _safe(trial_id: str) -> str:
    """A trial's id as W&B takes it, which allows no slash: EXP-007/seeds/2 is EXP-007-seeds-2."""
    return trial_id.replace("/", "-")


def read_identity(folder: Path) -> dict[str, Any]:
    """The sweep's own identity, made once: two sweeps of the same name are two to W&B as well."""
    file = folder / "wandb" / "identity.json"
    if file.exists():
        identity: dict[str, Any] = json.loads(file.read_text())
        return identity
    identity = {"uid": secrets.token_hex(4)}
    write_identity(folder, identity)
    return identity


def write_identity(folder: Path, identity: dict[str, Any]) -> None:
    """Write it whole or not at all."""
    file = folder / "wandb" / "identity.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(identity))
    draft.replace(file)
