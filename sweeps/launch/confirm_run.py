"""From a search that is over to one that is confirmed: its best trials again, with new seeds."""

from collections.abc import Sequence
from pathlib import Path

from sweeps.confirmation.asked import asked_now
from sweeps.confirmation.checks import check_confirmable
from sweeps.confirmation.confirmation import Confirmation
from sweeps.confirmation.judging import judge
from sweeps.failures import disk_full
from sweeps.launch.kept_ray import KeptRay
from sweeps.launch.on_ray import Watch, read_spec, refuse_damage, run_on_ray
from sweeps.launch.same_inputs import refuse_others
from sweeps.readiness.checks import make_ready, refuse_folder
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.own_modules import noted_origin
from sweeps.run_folder.run_lock import exclusive
from sweeps.spec.confirm import ConfirmConfig
from trainables.on_progress import OnProgress
from trainables.rewards.own import use

OVER = "The confirmation is over: nothing is left to train."


def confirm_run(
    folder: Path,
    config: ConfirmConfig,
    best: Sequence[str],
    criterion: tuple[str, str] | None,
    watch: Watch,
    progress: OnProgress,
    retry_failed: bool = False,
    accept_changes: bool = False,
    ray: KeptRay | None = None,
) -> Confirmation:
    """Train the best trials of a finished search again, as `config` asks; also a second time, with
    more seeds: what was run is kept. `best` are trial ids, the best one first; `criterion` is the
    one metric that chooses and its mode, None where there are several. `ray` and errors as in
    `resume_run`.

    Example, the two best of a run::

        confirm_run(
            Path("runs/toy"), ConfirmConfig(top=2), ["EXP-003", "EXP-001"], ("val_loss", "min"),
            lambda sweep, placement: [], print,
        )
    """
    spec = read_spec(folder)
    refuse_folder(folder, exists_is_wrong=False)
    check_confirmable(spec, config)
    with exclusive(folder), disk_full.told(folder):
        refuse_damage(folder)
        ledger = Ledger(folder)
        asked = asked_now(config, spec.search, ledger, best, criterion)
        sweep = Confirmation(spec, ledger, asked, judge, progress)
        sweep.restore(retry_failed)
        use(noted_origin(folder, bool(asked.candidates)))
        if not sweep.over:
            refuse_others(sweep, retry_failed, accept_changes, progress)
            make_ready(spec, sweep.space, sweep.preparation, folder)
            asked.write(folder)  # what is refused is not written down
            progress(asked.told)
            run_on_ray(sweep, watch, progress, ray)
        else:
            progress(f"{OVER} More: medsweep confirm {folder} --seeds {asked.seeds + 1}")
    return sweep
