"""Two trials, runs or evaluations on the same rows, as a section: a table and how to read it."""

from collections.abc import Sequence

from analysis.comparing.measures import Compared, Comparison, compare_sides, differing, reasons
from analysis.comparing.sides import Side
from analysis.report.cells import Cell, Column, Line, Table, plain_table, value_cell
from analysis.report.passage import Passage
from analysis.selection.ties import listed
from analysis.wording import MISSING, delta_text, metric_text, title, value_text

SHOWN = 40  # settings that the table lists
NOTE = (
    "Difference: B less A, on the rows that both were judged on; its 95% interval is of that "
    "measure alone, p is corrected for the number of measures (Holm; where answers are right or "
    "wrong, of McNemar's exact test). Better: the interval leaves out 0 and p is below 0.05. A "
    "dash: not to be told of single rows."
)
ONCE = (
    "One training of each: Better speaks of these two models and not of their settings, since how "
    "much another seed would change is not in the intervals."
)
SEARCHED = (
    "What a search chose by such values looks better than it is: medsweep confirm RUN trains again "
    "with new seeds."
)


def two_sides(first: Side, second: Side) -> Passage:
    """The comparison of two sides. RunError where they have no measure in common."""
    found = compare_sides(first, second)
    sentences = (
        f"A is {first.name}: {first.what}{_by(found.first)}.",
        f"B is {second.name}: {second.what}{_by(found.second)}.",
        *_of_seeds(found),
        *reasons(found.measures),
    )
    settings = _settings(first, second)
    tables = [("", _table(found.measures))]
    tables += [("What differs", settings)] if settings else []
    return Passage(f"{first.name} and {second.name}", sentences, tuple(tables))


def _by(side: Side) -> str:
    """By which of its runs a trial is compared."""
    if side.sort != "trial" or not side.trained or "/seeds/" in side.name:
        return ""
    new = [str(n) for n in sorted(side.runs) if n]
    if not new:
        return ", its first run"
    return f", its new seed{'s' if len(new) > 1 else ''} {listed(new)}"


def _of_seeds(found: Comparison) -> list[str]:
    told = [one for one in found.measures if one.difference is not None]
    trained = found.first.trained or found.second.trained
    if not told or not trained:
        return []
    if any(one.seeds_seen for one in told):
        return []
    searched = any(s.sort == "trial" and s.trained and 0 in s.runs for s in found[:2])
    return [ONCE, *([SEARCHED] if searched else [])]


def _table(found: Sequence[Compared]) -> Table:
    heads = ("A", "B", "Difference", "95% interval", "p", "Rows")
    columns = (Column("Measure"), *(Column(h, numeric=True) for h in heads), Column("Better"))
    return Table(columns, tuple(map(_line, found)), NOTE)


def _line(one: Compared) -> Line:
    low, high = one.interval or (None, None)
    told = one.difference is not None
    texts = (
        *(metric_text(one.metric, value) for value in one.values),
        MISSING if one.difference is None else delta_text(one.difference),
        MISSING if low is None or high is None else f"{delta_text(low)} to {delta_text(high)}",
        MISSING if one.p is None else f"{one.p:.2g}",
        f"{one.n_rows:,}" if told else MISSING,
    )
    place = one.better
    better = "AB"[place] if place is not None else "not told" if told else MISSING
    return Line((Cell(title(one.metric)), *map(value_cell, texts), Cell(better)))


def _settings(first: Side, second: Side) -> Table | None:
    """What is set otherwise; None where nothing is."""
    found = differing(first, second)
    rows = [[path, *map(value_text, pair)] for path, pair in list(found.items())[:SHOWN]]
    if len(found) > SHOWN:
        rows.append([f"and {len(found) - SHOWN} more", "", ""])
    return plain_table(["Setting", "A", "B"], rows) if rows else None
