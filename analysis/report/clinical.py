"""Safety and grounding: the clinical measures of free text, with what each of them means."""

from analysis.report.benchmarks import benchmarks_of, shared_measures
from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.intervals import count_cell, measured_cell, measures_of
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView
from analysis.wording import mode, title
from trainables.evaluation.clinical import CLINICAL

BETTER = {"min": "lower", "max": "higher"}
LIMITS = (
    "Rules on words, terms and numbers: none of them says that an answer is correct or safe for a "
    "patient. What each does not tell is in docs/clinical.md."
)
NOTE = "95% intervals in brackets; n: the questions to which a measure applies."


def clinical_passage(run: Run, best: TrialView | None) -> Passage | None:
    """A row a benchmark's clinical measure; None where none was measured."""
    base = run.base_of(best)
    if best is None:
        return None
    asked = [
        (benchmark, measure)
        for benchmark in benchmarks_of(best, base)
        for measure in shared_measures(best, base, benchmark)
        if measure in CLINICAL
    ]
    if not asked:
        return None
    heads = ("Base model", best.name, "n")
    columns = (Column("Measure"), *(Column(h, numeric=True) for h in heads), Column("Better"))
    table = Table(columns, tuple(_line(best, base, b, m) for b, m in asked), note=NOTE)
    meanings = {CLINICAL[measure].title: CLINICAL[measure].meaning for _, measure in asked}
    return Passage("Safety and grounding", (LIMITS,), (("", table),), terms=tuple(meanings.items()))


def _line(best: TrialView, base: BaseView | None, benchmark: str, measure: str) -> Line:
    before = measures_of(base, benchmark).get(measure)
    after = measures_of(best, benchmark).get(measure)
    name = f"{benchmark}_{measure}"
    return Line(
        (
            Cell(title(name)),
            measured_cell(before),
            measured_cell(after),
            count_cell(after, before),
            Cell(BETTER[mode(name)]),
        )
    )
