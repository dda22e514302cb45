"""Measures as record.json holds them ({value, interval, n}), as cells of a table."""

from typing import Any

from analysis.report.cells import Cell
from analysis.runs import BaseView, TrialView, is_number
from analysis.wording import MISSING

Measures = dict[str, dict[str, Any]]  # measure → value, interval, n
BESIDE = frozenset({"subjects", "calibration"})  # what a benchmark's facts hold besides measures


def measures_of(view: TrialView | BaseView | None, benchmark: str) -> Measures:
    """The measures of a benchmark that were recorded."""
    facts = (view.benchmarks.get(benchmark) if view else None) or {}
    return {
        name: found
        for name, found in facts.items()
        if name not in BESIDE and isinstance(found, dict) and is_number(found.get("value"))
    }


def measured_cell(found: dict[str, Any] | None) -> Cell:
    """`0.312 [0.284, 0.341]`, or the value alone where no interval is defined."""
    if not found or not is_number(found.get("value")):
        return Cell(MISSING, "missing")
    return Cell(f"{found['value']:.3f}{interval_text(found.get('interval'))}")


def interval_text(ends: Any) -> str:
    """` [0.284, 0.341]`, or nothing where there is no interval."""
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(is_number, ends)):
        return ""
    return f" [{ends[0]:.3f}, {ends[1]:.3f}]".replace("-", "−")


def count_cell(*found: dict[str, Any] | None) -> Cell:
    """The number of questions of the first measure that tells it."""
    counts = [f["n"] for f in found if f and isinstance(f.get("n"), int)]
    return Cell(f"{counts[0]:,}") if counts else Cell(MISSING, "missing")
