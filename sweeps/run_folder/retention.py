"""Which checkpoints stay once their trials have ended.

A checkpoint is there to go on from. Complete and stopped trials never do; failed and infeasible
ones do where `--retry-failed` asks for it; what other trials start from is in `stages/`, in files
of its own. The best step's weights (`adapter/`, `model/`) are no part of a checkpoint and stay.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from sweeps.run_folder.atomic import is_draft_or_step, write_bytes, write_json
from sweeps.run_folder.entry import State
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.plain_files import read_json
from sweeps.run_folder.weights import OPTIMIZER
from sweeps.spec.sections import KeepCheckpoints

FINISHED: tuple[State, ...] = ("complete", "stopped")  # nothing ever goes on from these


def _removed() -> bytes:
    """A safetensors file without tensors that says why; no checkpoint with it counts as whole."""
    head = json.dumps({"__metadata__": {"removed": "the trial has ended"}}).encode()
    return len(head).to_bytes(8, "little") + head


REMOVED = _removed()


def settle(folder: Path, state: State, keep: KeepCheckpoints) -> None:
    """Remove what is not kept of the checkpoint of a trial that has ended; `folder` is the trial's.

    `newest`: the newest step's weights and state stay, its optimizer's state goes (two numbers for
    each trained), and so do results row by row, which a complete trial has in a file. `none`: all
    of it goes. `all`: all of it stays. A second call does nothing.
    """
    if state in FINISHED:
        for step in steps_of(folder):
            KEEPS[keep](step)


def settle_ended(ledger: Ledger, keep: KeepCheckpoints) -> None:
    """The same for all trials that have ended: a driver may have died before it did so."""
    for entry in ledger.entries():
        if record := ledger.record(entry):
            settle(ledger.path(entry), record["state"], keep)


def _drop_most(step: Path) -> None:
    file = step / OPTIMIZER
    done = file.is_file() and file.stat().st_size == len(REMOVED) and file.read_bytes() == REMOVED
    if file.is_file() and not done:
        file.unlink()  # first: on a full disk there is room for the other only then
        write_bytes(file, REMOVED)
    state = read_json(step / "state.json") or {}
    if state.pop("best_rows", None):
        write_json(step / "state.json", state)


def _remove(step: Path) -> None:
    shutil.rmtree(step, ignore_errors=True)


def _leave(step: Path) -> None:
    """Nothing goes."""


# value of `limits.keep_checkpoints` → what is done to a checkpoint that nothing goes on from
KEEPS: dict[KeepCheckpoints, Callable[[Path], None]] = {
    "newest": _drop_most,
    "none": _remove,
    "all": _leave,
}


def steps_of(folder: Path) -> list[Path]:
    """A trial's checkpoints, half-written ones too. A link is none of ours: what it leads to is
    another's, and neither emptied nor removed."""
    found = (path for path in folder.glob("checkpoint/*") if is_draft_or_step(path.name))
    return [path for path in found if path.is_dir() and not path.is_symlink()]
