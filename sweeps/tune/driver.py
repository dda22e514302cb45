"""Ray Tune's searcher, scheduler and run call, each a thin face of `sweeps.control.sweep.Sweep`."""

import os
import tempfile
import traceback
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.execution import class_cache
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from cluster.placement import Placement
from cluster.session import Node
from sweeps.control.sweep import Sweep
from sweeps.failures.deaths import UNKNOWN
from sweeps.failures.disk_full import full, is_full
from sweeps.failures.sweep_error import SweepError
from sweeps.tune.lookout import lookout
from sweeps.tune.pack_actor import ending, start_hosts
from sweeps.tune.relay import Relay
from sweeps.tune.worker import TuneWorker

TUNE_SETTINGS = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # ours says how to resume, and exits 130
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the ledger is the log
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a missing metric fails its trial, not the sweep
    "TUNE_GLOBAL_CHECKPOINT_S": "31536000",  # Tune's own snapshots are never read
    "TUNE_RESULT_BUFFER_LENGTH": "1",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "3600",
    "RAY_AIR_NEW_OUTPUT": "0",
}
# Tune copies variables of the driver into each trial's runtime environment, which Ray writes into
# its logs: no secret among them. Local workers have the driver's environment all the same
SECRETS = {name for name in class_cache.ENV_VARS_TO_PROPAGATE if name.startswith("AWS_")}
class_cache.ENV_VARS_TO_PROPAGATE -= SECRETS


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
            self.relay.end(trial_id, died=error, message=UNKNOWN)
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
    hang_minutes = sweep.spec.limits.hang_minutes
    hosts = start_hosts(nodes, placement, hang_minutes) if placement.pack else None
    relay = Relay(sweep, placement, hosts)
    with (
        tempfile.TemporaryDirectory(prefix="medsweep-", ignore_cleanup_errors=True) as scratch,
        ending(hosts),
        lookout(relay.stood_still),
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
    if isinstance(relay.error, SweepError):
        raise relay.error
    if relay.error:
        detail = "".join(traceback.format_exception(relay.error))
        raise SweepError(f"the sweep stopped: {relay.error}\n{detail}") from relay.error
