"""By specialty: a benchmark's accuracy a subject, base model beside the chosen trial."""

from typing import Any

from analysis.report.benchmarks import benchmarks_of
from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.intervals import count_cell, measured_cell
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView, is_number
from analysis.wording import title
from trainables.evaluation.benchmarks.results import BY_SUBJECT
from trainables.evaluation.measured import share

LONGEST = 20  # rows; the rest is pooled
Subjects = dict[str, dict[str, Any]]  # subject → value, interval, n of one measure


def subject_passage(run: Run, best: TrialView | None) -> Passage | None:
    """A table a benchmark that tells subjects, and a measure; None where none does."""
    base = run.base_of(best)
    tables = [
        (title(f"{name}_{measure}"), table)
        for name in benchmarks_of(best, base)
        for measure in BY_SUBJECT
        if best is not None and (table := _table(best, base, name, measure)) is not None
    ]
    if not tables:
        return None
    sentence = (
        "Subjects as the data set names them, the largest first; 95% intervals in brackets. With "
        "many subjects some differ by chance alone: where the intervals overlap widely, nothing "
        "can be told of that subject."
    )
    return Passage("By specialty", (sentence,), tuple(tables))


def _table(best: TrialView, base: BaseView | None, benchmark: str, measure: str) -> Table | None:
    after, before = (_subjects(view, benchmark, measure) for view in (best, base))
    sizes = {name: int(found["n"]) for name, found in {**before, **after}.items()}
    if not sizes:
        return None
    ordered = sorted(sizes, key=lambda name: (-sizes[name], name))
    pooled = len(ordered) > LONGEST
    shown = ordered[: LONGEST - 1] if pooled else ordered
    lines = [_line(name, before.get(name), after.get(name)) for name in shown]
    if pooled:
        rest = ordered[LONGEST - 1 :]
        lines.append(_line(f"{len(rest)} other subjects", pool(before, rest), pool(after, rest)))
    heads = ("n", "Base model", best.name)
    columns = (Column("Subject"), *(Column(h, numeric=True) for h in heads))
    return Table(columns, tuple(lines))


def pool(subjects: Subjects, names: list[str]) -> dict[str, Any] | None:
    """The share over all questions of several subjects, with Wilson's interval."""
    found = [subjects[name] for name in names if name in subjects]
    hits = sum(round(f["value"] * f["n"]) for f in found)
    together = share(i < hits for i in range(sum(f["n"] for f in found)))
    return together._asdict() if together else None


def _subjects(view: TrialView | BaseView | None, benchmark: str, measure: str) -> Subjects:
    facts = (view.benchmarks.get(benchmark) if view else None) or {}
    return {
        name: found[measure]
        for name, found in (facts.get("subjects") or {}).items()
        if measure in found and is_number(found[measure].get("value"))
    }


def _line(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Line:
    cells = Cell(name), count_cell(after, before), measured_cell(before), measured_cell(after)
    return Line(cells)
