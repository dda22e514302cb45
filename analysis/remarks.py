"""What is said beside a choice: targets, what is cheaper, ends of ranges, what its answers are."""

from dataclasses import dataclass
from typing import Any

from analysis import cheaper, degenerate, edges, targets
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.selection.choice import Chosen


@dataclass(frozen=True)
class Remarks:
    """Each found once, told in sentences and kept as facts."""

    metric: str  # the rule's first
    targets: list[targets.Judged]
    cheaper: list[cheaper.Cheaper]
    edges: list[edges.Edge]
    answers: degenerate.Degenerate | None
    base_answers: degenerate.Degenerate | None

    def on_choice(self) -> list[str]:
        """Sentences to follow the explanation of the choice."""
        told = [target.told() for target in self.targets]
        told += [cheaper.cheaper_told(self.cheaper, self.metric), edges.edges_told(self.edges)]
        return [sentence for sentence in told if sentence]

    def on_answers(self) -> list[str]:
        """To follow the verdict against the base model."""
        told = degenerate.degenerate_told(self.answers, self.base_answers)
        return [told] if told else []

    def facts(self) -> dict[str, Any]:
        """The same for best.json."""
        return {
            "targets": targets.as_facts(self.targets),
            "cheaper": cheaper.as_facts(self.cheaper),
            "edges": edges.as_facts(self.edges),
            "answers": degenerate.as_facts(self.answers),
        }


def remarks(run: Run, choice: Chosen, trial: TrialView, confirmed: bool = False) -> Remarks:
    """Of the chosen trial, with the means over its repeats as its metrics. Where all trials tie
    there is no best value that could stand at an end; where the best were trained again
    (`confirmed`) the verdict says what is cheaper, of more runs than one each."""
    return Remarks(
        metric=criteria(run.search)[0].metric,
        targets=targets.targets(run, trial),
        cheaper=[] if confirmed else cheaper.cheaper(run, choice),
        edges=[] if choice.undecided else edges.edges(run, trial),
        answers=degenerate.degenerate(trial),
        base_answers=degenerate.degenerate(run.base_of(trial)),
    )
