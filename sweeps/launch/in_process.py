"""A spec's own trial in this process, without Ray: for debugging, with plain tracebacks."""

from dataclasses import replace
from pathlib import Path

from cluster.placement import Placement
from sweeps.control.sweep import Sweep
from sweeps.control.task import TrialTask
from sweeps.failures.disk_full import is_full, told
from sweeps.failures.raised import failure
from sweeps.launch.on_ray import Watch, new_sweep, text_of
from sweeps.quiet import quiet_libraries
from sweeps.readiness.brake import Agree, nobody
from sweeps.readiness.checks import make_ready, refuse_folder
from sweeps.readiness.fingerprints import fingerprints_of
from sweeps.reading.loading import LoadedSpec
from sweeps.run_folder.environment import describe_environment, note_agreed
from sweeps.run_folder.inputs import write_fingerprints
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.own_modules import note_origin
from sweeps.run_folder.run_lock import exclusive
from sweeps.spec.sections import SearchSpec
from sweeps.tune.trial_thread import trainer
from trainables.context import Report
from trainables.on_progress import OnProgress
from trainables.rewards.own import use
from trainables.saved import TrialStopped

HERE = Placement(0, 0, 1, "in this process, without Ray")


def single_trial(loaded: LoadedSpec, output: Path, name: str | None) -> LoadedSpec:
    """The spec without its search, under a run name that is free."""
    search = SearchSpec(objective=loaded.spec.search.objective, num_trials=1, sampler="random")
    free = name or _free_name(output, f"{loaded.spec.name[:56]}-trial")
    spec = loaded.spec.model_copy(update={"search": search, "name": free})
    return replace(loaded, spec=spec)


def _free_name(output: Path, stem: str) -> str:
    number = 1
    while (output / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"


def run_one(
    loaded: LoadedSpec,
    folder: Path,
    watch: Watch,
    progress: OnProgress,
    agree: Agree = nobody,
) -> Sweep:
    """Measure the base model, then run the one trial; what it raises is raised here."""
    refuse_folder(folder)
    ledger = Ledger(folder)
    use(loaded.own)
    sweep = new_sweep(loaded.spec, ledger, progress)
    with loaded.locating():
        agreed = make_ready(sweep.spec, sweep.space, sweep.preparation, folder, agree)
    quiet_libraries()
    with exclusive(folder), told(folder):
        note_origin(folder, loaded.own)
        write_fingerprints(folder, fingerprints_of(sweep.spec, sweep.space, sweep.preparation))
        ledger.create(text_of(loaded), sweep.spec.model_dump(mode="json"), describe_environment())
        note_agreed(folder, agreed)
        for observer in watch(sweep, HERE):
            sweep.observers.add(observer)
        try:
            while task := sweep.next_task():
                _run(sweep, task)
        finally:
            sweep.observers.close()
    return sweep


def _run(sweep: Sweep, task: TrialTask) -> None:
    name = task.entry.trial
    try:
        trainer(task.kind)(task.entry.validated, _Here(sweep, task))
    except TrialStopped:
        return
    except Exception as error:
        if is_full(error):  # then its end cannot be written either
            raise
        found = failure(error)
        sweep.on_failure(name, str(error), found.state, found.diverged)
        raise


class _Here:
    """A TrialContext that hands every report straight to the sweep."""

    def __init__(self, sweep: Sweep, task: TrialTask) -> None:
        from trainables.data.prepared import own_rows

        self.prepared = own_rows(task.prepared, task.entry.validated)
        self.checkpoint = task.checkpoint
        self._sweep, self._name = sweep, task.entry.trial

    def report(self, report: Report) -> None:
        if self._sweep.on_report(self._name, report) and not report.final:
            raise TrialStopped
