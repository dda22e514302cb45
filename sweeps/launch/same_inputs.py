"""Before a run goes on: is what it reads still what it began with?"""

from sweeps.control.sweep import Sweep
from sweeps.readiness.fingerprints import fingerprints_of
from sweeps.run_folder import inputs
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.errors import Problem, SpecError
from trainables.on_progress import OnProgress

AGAIN = ("failed", "infeasible")
FIX = (
    "Put back what was there, or go on with what is there now (--accept-changes): every table and "
    "report will then say so"
)


def check_inputs(sweep: Sweep, retry_failed: bool, accepted: bool, progress: OnProgress) -> None:
    """SpecError with all that changed since the run began, or where `accepted` a note of it.

    Nothing is compared where nothing is left to do. Call it before `sweep.restore`.
    """
    if _left(sweep, retry_failed):
        refuse_others(sweep, retry_failed, accepted, progress)


def refuse_others(sweep: Sweep, retry_failed: bool, accepted: bool, progress: OnProgress) -> None:
    """As `check_inputs`, whether or not trials are left to be run."""
    ledger = sweep.ledger
    if not (ledger.folder / inputs.FILE).is_file():
        return
    found = fingerprints_of(sweep.spec, sweep.space, sweep.preparation)
    changes = inputs.changes(ledger.folder, found)
    if not changes:
        return
    if not accepted:
        raise SpecError(
            Problem(None, None, c.what, None, f"was {c.was} when this run began, is {c.now}", FIX)
            for c in changes
        )
    trials = [entry for entry in ledger.entries() if not entry.is_base]
    ended = [e.trial for e in trials if _ended(ledger, e, retry_failed)]
    begun = [e.trial for e in trials if e.trial not in ended and ledger.checkpoint(e)]
    inputs.go_on_with(ledger.folder, found, ended, begun)
    for change in changes:
        progress(
            f"goes on although this changed: {change.what} (was {change.was}, is {change.now})"
        )


def _left(sweep: Sweep, retry_failed: bool) -> bool:
    """Whether any trial is still to be run."""
    entries = sweep.ledger.entries()
    trials = sum(not entry.is_base for entry in entries)
    ended = all(_ended(sweep.ledger, entry, retry_failed) for entry in entries)
    return not ended or trials < sweep.spec.search.trainings


def _ended(ledger: Ledger, entry: Entry, retry_failed: bool) -> bool:
    record = ledger.record(entry)
    return record is not None and not (retry_failed and record["state"] in AGAIN)
