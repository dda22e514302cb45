"""A run and the trial chosen in it: read once and chosen once, for all that is written of it."""

from pathlib import Path
from typing import NamedTuple

from analysis.runs import Run, TrialView, load_run
from analysis.selection import choose, why_none
from analysis.selection.choice import Chosen


class Decision(NamedTuple):
    """A loaded run and its choice, None where no trial can be chosen."""

    run: Run
    choice: Chosen | None

    @property
    def best(self) -> TrialView | None:
        """The chosen trial."""
        return self.run.find(self.choice.trial) if self.choice else None

    @property
    def why_none(self) -> str:
        """Why no trial could be chosen, in a sentence."""
        return why_none(self.run.trials, self.run.search)


def decided(folder: Path) -> Decision:
    """The run in `folder`, with its choice. RunError where it is not a run."""
    run = load_run(folder)
    return Decision(run, choose(run.trials, run.search))
