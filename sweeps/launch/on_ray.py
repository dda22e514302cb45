"""From a spec or a run folder to a finished sweep: check, connect, run, let go."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from cluster.placement import Placement, place
from cluster.session import Node
from sweeps.control.observer import Observer
from sweeps.control.sweep import Sweep
from sweeps.failures import disk_full
from sweeps.launch.changed import extended, limited
from sweeps.launch.kept_ray import KeptRay
from sweeps.launch.ray_death import watched
from sweeps.launch.same_inputs import check_inputs
from sweeps.launch.saving import saving
from sweeps.launch.unbegun import nothing_unless_begun
from sweeps.readiness.brake import Agree, nobody
from sweeps.readiness.checks import make_ready, refuse_folder, unpackable
from sweeps.readiness.fingerprints import fingerprints_of
from sweeps.readiness.pack_sizes import (
    best_size,
    describe,
    fitting,
    heaviest,
    largest_pack,
    trial_tokens,
)
from sweeps.readiness.template_date import with_template_date
from sweeps.reading.loading import LoadedSpec
from sweeps.reading.union_errors import first_wrong
from sweeps.run_folder.damage import damage
from sweeps.run_folder.environment import describe_environment, note_agreed
from sweeps.run_folder.inputs import write_fingerprints
from sweeps.run_folder.intruders import intruders
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.own_modules import note_origin, noted_origin
from sweeps.run_folder.run_lock import exclusive
from sweeps.samplers.constraints import unheard
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.held import held_fixed
from sweeps.spec.sections import SweepSpec
from trainables.on_progress import OnProgress
from trainables.rewards.own import use

Watch = Callable[[Sweep, Placement], Sequence[Observer]]


def new_run(
    loaded: LoadedSpec,
    folder: Path,
    watch: Watch,
    progress: OnProgress,
    agree: Agree = nobody,
    ray: KeptRay | None = None,
) -> Sweep:
    """Run a sweep in a new folder; `agree` is asked where filters left few rows. `ray`: the one to
    run on, where another sweep follows; else one that goes with this. Raises SpecError,
    ClusterError, SweepError.

    Example, without observers::

        loaded = load_spec("toy")
        sweep = new_run(loaded, Path("runs/toy"), lambda sweep, placement: [], print)
    """
    refuse_folder(folder)
    ledger = Ledger(folder)
    use(loaded.own)
    sweep = new_sweep(loaded.spec, ledger, progress)
    with loaded.locating():
        agreed = make_ready(sweep.spec, sweep.space, sweep.preparation, folder, agree)
    for held in held_fixed(sweep.spec):
        progress(f"held fixed: {held}")
    if told := unheard(sweep.spec.search):
        progress(f"note: {told}")
    with exclusive(folder), disk_full.told(folder):
        refuse_folder(folder)  # again: another may have been quicker
        with nothing_unless_begun(ledger):
            write_fingerprints(folder, fingerprints_of(sweep.spec, sweep.space, sweep.preparation))
            resolved = sweep.spec.model_dump(mode="json")
            note_origin(folder, loaded.own)
            ledger.create(text_of(loaded), resolved, describe_environment())
            note_agreed(folder, agreed)
            run_on_ray(sweep, watch, progress, ray)
    return sweep


def resume_run(
    folder: Path,
    watch: Watch,
    progress: OnProgress,
    num_trials: int | None = None,
    retry_failed: bool = False,
    disk_gb: float | None = None,
    accept_changes: bool = False,
    agree: Agree = nobody,
    ray: KeptRay | None = None,
) -> Sweep:
    """Go on with a run folder: nothing finished is run again; `disk_gb` takes the place of the
    spec's. Data, models or a medsweep other than the run began with are refused, or with
    `accept_changes` noted: then `agree` is asked as in `new_run`. `ray` and errors as there.

    Example, extended to 18 trials::

        resume_run(Path("runs/toy"), lambda sweep, placement: [], print, num_trials=18)
    """
    read_spec(folder)  # before the lock makes a folder of a misspelt name
    refuse_folder(folder, exists_is_wrong=False)
    with exclusive(folder), disk_full.told(folder):
        refuse_damage(folder)
        ledger = Ledger(folder)
        spec = read_spec(folder)
        if num_trials is not None:
            spec = extended(spec, num_trials)
        if disk_gb is not None:
            spec = limited(spec, disk_gb)
        sweep = Sweep(spec, ledger, progress=progress)
        check_inputs(sweep, retry_failed, accept_changes, progress)
        sweep.restore(retry_failed)
        done = (ledger.record(entry) for entry in ledger.entries())
        measured = any(record and record["state"] == "complete" for record in done)
        use(noted_origin(folder, measured))
        if not sweep.over:
            # what the run began with was agreed to then
            asked = agree if accept_changes else None
            agreed = make_ready(spec, sweep.space, sweep.preparation, folder, asked)
            note_agreed(folder, agreed)
        if num_trials is not None or disk_gb is not None:  # what was refused is not written down
            ledger.resolve(spec.model_dump(mode="json"))
        if not sweep.over:
            run_on_ray(sweep, watch, progress, ray)
    return sweep


def new_sweep(spec: SweepSpec, ledger: Ledger, progress: OnProgress) -> Sweep:
    """A sweep of a new run: what moves with the calendar is pinned to today."""
    sweep = Sweep(spec, ledger, progress=progress)
    dated = with_template_date(spec, sweep.space, sweep.preparation)
    return sweep if dated is spec else Sweep(dated, ledger, progress=progress)


def read_spec(folder: Path) -> SweepSpec:
    """The spec of a run folder; SpecError where it is none, or none of this version."""
    path = folder / "spec.resolved.json"
    if not path.is_file():
        message, fix = "is not a run folder (no spec.resolved.json)", "Name a folder under runs/"
        raise SpecError([Problem(None, None, "RUN", str(folder), message, fix)])
    if odd := intruders(folder):
        fix = "medsweep put nothing of that kind there: remove it, or put the file itself there"
        raise SpecError([Problem(str(folder), None, "RUN", None, what, fix) for what in odd])
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError among them
        fix = "It was damaged after it was written: take it from a copy of the run folder"
        raise SpecError([Problem(str(path), None, "RUN", None, "is no JSON", fix)]) from error
    try:
        return SweepSpec.model_validate(written)
    except ValidationError as error:
        field, message = first_wrong(error, written)
        fix = "Another version of medsweep wrote it: go on with that one"
        raise SpecError([Problem(str(path), None, field, None, message, fix)]) from error


def refuse_damage(folder: Path) -> None:
    """SpecError with all files of a run folder that a sweep cannot go on from."""
    if found := damage(folder):
        raise SpecError([Problem(None, None, "", None, what, None) for what in found])


def run_on_ray(
    sweep: Sweep, watch: Watch, progress: OnProgress, ray: KeptRay | None = None
) -> None:
    """Run a sweep to its end on `ray`, or on one that goes with it."""
    if ray is None:
        with KeptRay() as own:
            run_on_ray(sweep, watch, progress, own)
        return
    try:
        session = ray.session(sweep.spec.cluster, progress)
        with watched(session, sweep), saving(sweep):
            _train(sweep, session.nodes(), watch, progress, ray)
    finally:
        sweep.observers.close()


def _train(
    sweep: Sweep, nodes: list[Node], watch: Watch, progress: OnProgress, ray: KeptRay
) -> None:
    from sweeps.tune.driver import run_tune

    arranged = partial(
        place,
        sweep.spec.cluster,
        sum(n.cpus for n in nodes),
        int(sum(n.gpus for n in nodes)),
        node_cpus=max(n.cpus for n in nodes),
        unpackable=unpackable(sweep.spec, sweep.space),
    )
    placement = arranged(measured=_pack_size(sweep, nodes, arranged(), ray, progress))
    sweep.workers = placement.concurrent
    for observer in watch(sweep, placement):
        sweep.observers.add(observer)
    run_tune(sweep, placement, nodes)


def _pack_size(
    sweep: Sweep, nodes: list[Node], alone: Placement, ray: KeptRay, progress: OnProgress
) -> int:
    """How many trials train together where the spec leaves it to us: measured here, or once before.

    `alone` is where isolated trials would run.
    """
    from sweeps.tune.pack_actor import measured_speeds
    from trainables.data.prepared import own_rows

    spec, node = sweep.spec, max(nodes, key=lambda node: (node.gpus, node.cpus))
    largest = largest_pack(spec, sweep.space, gpu=node.gpus > 0)
    if not largest:
        return 0
    trial = heaviest(spec, sweep.space)
    prepared = own_rows(sweep.preparation.data(trial), trial)
    largest = fitting(trial, prepared.report, largest, ray.free_bytes)
    progress("measuring how many trials train best together (once a model and device)")
    speeds = measured_speeds(node, trial, prepared, largest, alone)
    size = min(best_size(speeds, trial_tokens(trial, prepared.report)), largest)
    progress(describe(speeds))
    return size


def text_of(loaded: LoadedSpec) -> str:
    """The spec as it was written, with the overrides as comments."""
    if not loaded.overrides:
        return loaded.text
    notes = "".join(f"# --set {o!r}\n" for o in loaded.overrides)
    return loaded.text.rstrip("\n") + "\n" + notes
