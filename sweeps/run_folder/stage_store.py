"""`stages/KEY/` of the run folder: what trials with the same first stages start from."""

from pathlib import Path
from typing import Any, NamedTuple

from sweeps.run_folder.atomic import new_folder, write_json
from sweeps.run_folder.plain_files import read_json, read_lines, write_lines
from sweeps.run_folder.weights import read_adapter, read_checkpoint, write_adapter, write_checkpoint
from trainables.saved import Checkpoint, SavedAdapter
from trainables.staged.shared import reached

Reached = tuple[int, int]
LINES, ABOUT = "metrics.jsonl", "stage.json"


class Stored(NamedTuple):
    """The beginning of a trial: how far `leader` came, and what it reported so far."""

    leader: str
    checkpoint: Checkpoint
    lines: list[dict[str, Any]]
    adapter: SavedAdapter | None  # of the best step of the stage that it was in last


class StageStore:
    """Reads and writes `stages/`; knows how far each entry goes without reading tensors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "stages"
        found = sorted(self._folder.glob(f"*/step-*/{ABOUT}"))
        self._reached = {file.parents[1].name: _reached(read_json(file)) for file in found}

    def reached(self, key: str) -> Reached:
        """Stages finished, and steps in the next; (0, 0) where nothing is stored."""
        return self._reached.get(key, (0, 0))

    def keep(self, key: str, stored: Stored) -> None:
        """Write an entry in one step, where it goes further than the one that is there."""
        far = reached(stored.checkpoint)
        if far <= self.reached(key):
            return
        with new_folder(self._folder / key, f"step-{stored.checkpoint.step:08d}") as draft:
            write_checkpoint(draft, stored.checkpoint)
            write_lines(draft / LINES, stored.lines)
            if stored.adapter:
                write_adapter(draft, stored.adapter)
            write_json(draft / ABOUT, {"trial": stored.leader, "reached": far})
        self._reached[key] = far

    def read(self, key: str) -> Stored | None:
        """An entry; None, and forgotten, where a file of it is missing or cut short."""
        for folder in sorted((self._folder / key).glob("step-*"), reverse=True):
            about, checkpoint = read_json(folder / ABOUT), read_checkpoint(folder)
            if about and _reached(about) != (0, 0) and checkpoint:
                lines = list(read_lines(folder / LINES))
                return Stored(about["trial"], checkpoint, lines, read_adapter(folder))
        self._reached.pop(key, None)
        return None


def _reached(about: dict[str, Any] | None) -> Reached:
    """(0, 0) of what cannot be read: nothing is stored there."""
    match about:
        case {"reached": [int() as finished, int() as steps], "trial": str()}:
            return finished, steps
    return 0, 0
