"""A run and the trial chosen in it: read once and chosen once, for all that is written of it."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from analysis.runs import Run, TrialView, load_run
from analysis.selection import choose, why_none
from analysis.selection.choice import Chosen
from analysis.verdict.verdict import Verdict, verdict
from analysis.verdict.words import paragraphs


class Decision(NamedTuple):
    """A loaded run, its choice (None where no trial can be chosen), and the verdict on it where
    its best trials were trained again."""

    run: Run
    choice: Chosen | None
    verdict: Verdict | None = None

    @property
    def best(self) -> TrialView | None:
        """The chosen trial."""
        return self.run.find(self.choice.trial) if self.choice else None

    @property
    def why_none(self) -> str:
        """Why no trial could be chosen, in a sentence."""
        return why_none(self.run.trials, self.run.search)


def decided(folder: Path) -> Decision:
    """The run in `folder`, with its choice: that of the search, or the advice of its confirmation.
    RunError where it is not a run."""
    return decision_of(load_run(folder))


def decision_of(run: Run) -> Decision:
    """The same of a run that is loaded already."""
    choice = choose(run.trials, run.search)
    told = verdict(run) if choice else None
    return Decision(run, _confirmed(run, choice, told) if choice and told else choice, told)


def _confirmed(run: Run, choice: Chosen, told: Verdict) -> Chosen:
    """The choice that a verdict makes of that of the search."""
    advice = run.find(told.advice)
    alike = (told.leader, *told.alike) if told.advice == told.leader and told.alike else ()
    found = paragraphs(told)
    return replace(
        choice,
        trial=advice.trial,
        label=advice.label,
        explanation=" ".join(found),
        reason=found[0],
        tied=alike,
    )
