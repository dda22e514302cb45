"""Benchmarks: base model beside the chosen trial, and whether the difference can be told."""

from typing import Any

from analysis.files import read_lines
from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.intervals import count_cell, interval_text, measured_cell, measures_of
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView
from analysis.selection import criteria
from analysis.statistics.paired import Paired, compare
from analysis.wording import MISSING, delta_text, plural, title
from trainables.evaluation.clinical import CLINICAL
from trainables.evaluation.metric_names import BENCHMARK_OF

ItemAnswers = dict[tuple[str, str], dict[str, Any]]  # (benchmark, id) → line of predictions.jsonl

ITEM_BY_ITEM = {"accuracy": "correct", "generated_accuracy": "generated_correct"}
NO_DIFFERENCE = "no difference can be told"
NOTE = (
    "In brackets: 95% intervals. Difference: trial minus base over the same questions, with the "
    "paired bootstrap's interval and the exact McNemar test's p-value; it is called better or "
    "worse only where the interval leaves out 0 and p is below 0.05. A dash: not measured question "
    "by question. Each p-value is of its measure alone: of many, some are below 0.05 by chance."
)


def benchmark_passage(run: Run, best: TrialView | None) -> Passage | None:
    """A row a benchmark's measure, the clinical ones aside; None where nothing was measured."""
    base = run.base_of(best)
    if best is None or not (names := benchmarks_of(best, base)):
        return None
    before, after = answers(base), answers(best)
    lines = [
        _line(best, base, benchmark, measure, paired(benchmark, measure, before, after))
        for benchmark in names
        for measure in shared_measures(best, base, benchmark)
        if measure not in CLINICAL
    ]
    heads = ("Base model", best.name, "n", "Difference", "p")
    columns = (Column("Measure"), *(Column(h, numeric=True) for h in heads), Column("Reading"))
    tables = (("", Table(columns, tuple(lines), note=NOTE)),) if lines else ()
    sentences = cautions(run, names)
    return Passage("Benchmarks", sentences, tables) if lines or sentences else None


def benchmarks_of(best: TrialView | None, base: BaseView | None) -> list[str]:
    """The benchmarks that either was asked, in the record's order."""
    views = (view for view in (best, base) if view is not None)
    return list(dict.fromkeys(name for view in views for name in view.benchmarks))


def shared_measures(best: TrialView | None, base: BaseView | None, benchmark: str) -> list[str]:
    """The measures that either has, in the record's order."""
    found = [*measures_of(best, benchmark), *measures_of(base, benchmark)]
    return list(dict.fromkeys(found))


def answers(view: TrialView | BaseView | None) -> ItemAnswers:
    """The answers to benchmarks' questions in predictions.jsonl."""
    rows = read_lines(view.predictions if view else None)
    return {(str(r["benchmark"]), str(r.get("id"))): r for r in rows if "benchmark" in r}


def paired(benchmark: str, measure: str, before: ItemAnswers, after: ItemAnswers) -> Paired | None:
    """The comparison over the questions that both answered; None where nothing tells right from
    wrong question by question."""
    field = ITEM_BY_ITEM.get(measure, "")
    both = [
        (before[key][field], row[field])
        for key, row in after.items()
        if key[0] == benchmark and field in row and field in before.get(key, {})
    ]
    return compare([bool(one) for one, _ in both], [bool(other) for _, other in both])


def cautions(run: Run, benchmarks: list[str]) -> tuple[str, ...]:
    """What must be said where a benchmark steered the search."""
    used = {metric for metric in steering(run) if BENCHMARK_OF.get(metric) in benchmarks}
    if not used:
        return ()
    names = ", ".join(title(metric) for metric in sorted(used))
    tried = plural(sum(t.state == "complete" for t in run.trials), "complete trial")
    return (
        f"Caution: {names} steered this search. Its value for the chosen trial was picked from "
        f"{tried}, so it looks better than it is, and neither its interval nor its p-value knows "
        "of the picking. Judge the trial by questions that took no part in the search.",
    )


def steering(run: Run) -> list[str]:
    """The metrics that chose among trials: of the selection, the objective, early stopping."""
    search, stopping = run.search, run.search.early_stopping
    named = [o.metric for o in search.written_objectives]
    chosen = [c.metric for c in criteria(search)]
    own = [stopping.metric] if stopping and stopping.metric else []
    return list(dict.fromkeys([*chosen, *named, *own]))


def _line(
    best: TrialView, base: BaseView | None, benchmark: str, measure: str, compared: Paired | None
) -> Line:
    before = measures_of(base, benchmark).get(measure)
    after = measures_of(best, benchmark).get(measure)
    return Line(
        (
            Cell(title(f"{benchmark}_{measure}")),
            measured_cell(before),
            measured_cell(after),
            count_cell(after, before),
            *_difference(compared),
        )
    )


def _difference(compared: Paired | None) -> tuple[Cell, Cell, Cell]:
    missing = Cell(MISSING, "missing")
    if compared is None:
        return missing, missing, missing
    text = delta_text(compared.difference, 3) + interval_text(compared.interval)
    reading = Cell(compared.verdict or NO_DIFFERENCE, compared.verdict)
    return Cell(text), Cell(p_text(compared.p)), reading


def p_text(p: float) -> str:
    """A p-value with three decimals."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"
