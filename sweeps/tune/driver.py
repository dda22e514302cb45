"""Ray Tune's searcher, scheduler and run call, each a thin face of `sweeps.control.sweep.Sweep`."""

import math
import os
import tempfile
import traceback
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from cluster.placement import Placement
from cluster.session import Node
from sweeps.control.sweep import Sweep
from sweeps.failures.disk_full import full, is_full
from sweeps.failures.out_of_memory import killed_for_memory
from sweeps.failures.raised import Failure
from sweeps.failures.sweep_error import SweepError
from sweeps.run_folder.entry import State
from sweeps.tune.pack_actor import Hosts, ending, start_hosts
from sweeps.tune.worker import TuneWorker, pack
from trainables.context import MetricError, Report

TUNE_SETTINGS = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # ours says how to resume, and exits 130
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the ledger is the log
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a missing metric fails its trial, not the sweep
    "TUNE_GLOBAL_CHECKPOINT_S": "31536000",  # Tune's own snapshots are never read
    "TUNE_RESULT_BUFFER_LENGTH": "1",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "3600",
    "RAY_AIR_NEW_OUTPUT": "0",
}


class Relay:
    """Which Tune trial runs which of ours, and the first error of our own code.

    An exception (but Ctrl-C) inside Tune's callbacks would end the sweep in Tune's words; it is
    kept here, the sweep is stopped, and `run_tune` raises it.
    """

    def __init__(self, sweep: Sweep, placement: Placement, hosts: Hosts | None) -> None:
        self.sweep, self.placement, self.hosts = sweep, placement, hosts
        self.names: dict[str, str] = {}
        self.error: Exception | None = None
        self._references: dict[str, Any] = {}
        self._last_words: dict[str, tuple[str, State]] = {}  # of dying processes, by Tune trial

    def __reduce__(self) -> tuple[type[object], tuple[()]]:
        """Tune pickles what it holds into snapshots that nobody reads: an empty object does."""
        return (object, ())

    def order(self, tune_id: str) -> dict[str, Any] | str | None:
        """The next trial's config; None for now, FINISHED for ever."""
        if self.error or self.sweep.over:
            return str(Searcher.FINISHED)
        if len(self.names) >= self.placement.concurrent:
            return None
        task = self.sweep.next_task()
        if task is None:
            return str(Searcher.FINISHED) if self.sweep.over else None
        self.names[tune_id] = task.entry.trial
        key = task.prepared.key + task.prepared.general_key
        if key not in self._references:
            self._references[key] = ray.put(task.prepared)
        data = self._references[key]
        checkpoint = ray.put(task.checkpoint) if task.checkpoint else None
        threads = max(1, math.floor(self.placement.cpus_per_trial))
        return {"order": pack(task, data, checkpoint, threads, self.hosts)}

    def result(self, tune_id: str, result: Report | Failure | None) -> bool:
        """Take what a worker sent; True where its trial is over."""
        over = self._taken(tune_id, self.names[tune_id], result)
        if over:
            self._let_go(self.names[tune_id])
        return over

    def _let_go(self, name: str) -> None:
        """Out of its pack at once: Tune tells a worker only when it has another trial for it."""
        for host in (self.hosts or {}).values():
            host.stop.remote(name)

    def _taken(self, tune_id: str, name: str, result: Report | Failure | None) -> bool:
        if self.error:
            return True
        if isinstance(result, Failure) and result.poisoned:
            self._last_words[tune_id] = (result.message, result.state)
            return False  # the worker ends at its next step: see TuneWorker.step
        if isinstance(result, Failure):
            self.sweep.on_failure(name, result.message, result.state)
            return True
        if not isinstance(result, Report):
            self.sweep.on_failure(name, f"the worker sent no report but {result!r}")
            return True
        try:
            return self.sweep.on_report(name, result)
        except MetricError as problem:
            self.sweep.on_failure(name, str(problem))
            return True

    def placed(self, tune_id: str, node: str | None) -> None:
        """Note the address of the node that a trial runs on."""
        running = self.sweep.running.get(self.names[tune_id])
        if running is not None:
            running.node = node

    def killed(self, tune_id: str, report: str) -> None:
        """Note what Ray says of a worker's death, where the worker itself said nothing."""
        if killed_for_memory(report):
            message = "Ray killed it, for its node was running out of memory"
            self._last_words.setdefault(tune_id, (message, "infeasible"))

    def end(self, tune_id: str, died: bool, message: str = "") -> None:
        """A Tune trial is gone."""
        name = self.names.pop(tune_id, None)
        message, state = self._last_words.pop(tune_id, (message, "failed"))
        if died and name is not None and not self.error:
            self.sweep.on_death(name, message, state)

    def keep(self, error: Exception) -> None:
        """Remember the first error of our own."""
        self.error = self.error or error


class SweepSearcher(Searcher):  # type: ignore[misc]
    """Asks the sweep for the next trial."""

    def __init__(self, relay: Relay) -> None:
        super().__init__(metric=None, mode=None)
        self.relay = relay

    def suggest(self, trial_id: str) -> Any:
        """As Searcher."""
        try:
            return self.relay.order(trial_id)
        except Exception as error:
            self.relay.keep(error)
            return Searcher.FINISHED

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """As Searcher."""
        try:
            self.relay.end(trial_id, died=error, message="the process ended unexpectedly")
        except Exception as problem:
            self.relay.keep(problem)

    def save(self, checkpoint_path: str) -> None:
        """The ledger holds the search; Tune's own snapshots are not used."""

    def restore(self, checkpoint_path: str) -> None:
        """The ledger holds the search; Tune's own snapshots are not used."""


class SweepScheduler(FIFOScheduler):  # type: ignore[misc]
    """Hands every report to the sweep, which says whether the trial goes on."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self.relay = relay

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """As TrialScheduler."""
        try:
            self.relay.placed(trial.trial_id, result.get("node_ip"))
            over = self.relay.result(trial.trial_id, result.get("report"))
        except Exception as error:
            self.relay.keep(error)
            over = True
        return str(TrialScheduler.STOP if over else TrialScheduler.CONTINUE)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """As TrialScheduler; comes before the searcher hears of it."""
        super().on_trial_error(tune_controller, trial)
        file = Path(trial.error_file or "")  # not `get_error`: that is of the storage, later
        self.relay.killed(trial.trial_id, file.read_text() if file.is_file() else "")


class DropReports(tune.Callback):  # type: ignore[misc]
    """Lets go of checkpoints and adapters once the ledger has them."""

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        """As Callback."""
        result.pop("report", None)


class StopAll(tune.Stopper):  # type: ignore[misc]
    """Ends everything once our own code has failed."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """As Stopper."""
        return False

    def stop_all(self) -> bool:
        """As Stopper."""
        return self.relay.error is not None


def run_tune(sweep: Sweep, placement: Placement, nodes: list[Node]) -> None:
    """Run the sweep to its end on the Ray that this process is connected to.

    Raises SweepError, DiskFullError among them; KeyboardInterrupt passes through.
    """
    os.environ.update(TUNE_SETTINGS)
    hosts = start_hosts(nodes, placement) if placement.pack else None
    relay = Relay(sweep, placement, hosts)
    with (
        tempfile.TemporaryDirectory(prefix="medsweep-", ignore_cleanup_errors=True) as scratch,
        ending(hosts),
    ):
        tune.run(
            TuneWorker,
            name="sweep",
            storage_path=str(Path(scratch)),
            num_samples=-1,
            search_alg=SweepSearcher(relay),
            scheduler=SweepScheduler(relay),
            callbacks=[DropReports()],
            stop=StopAll(relay),
            resources_per_trial={
                "cpu": placement.cpus_per_trial,
                "gpu": placement.gpus_per_trial,
            },
            reuse_actors=True,
            raise_on_failed_trial=False,
            verbose=0,
        )
    if relay.error and is_full(relay.error):
        raise full(relay.error, sweep.ledger.folder) from relay.error
    if relay.error:
        detail = "".join(traceback.format_exception(relay.error))
        raise SweepError(f"the sweep stopped: {relay.error}\n{detail}") from relay.error
