"""The sealed test: what it says where it was opened, and that it is sealed where it was not."""

from analysis.final_test import Opening, mean_told, openings
from analysis.report.cells import Table, plain_table
from analysis.report.passage import Passage
from analysis.runs import Run, TrialView
from analysis.sealed_test import sealed
from analysis.selection import criteria
from analysis.verdict.leader import means
from analysis.wording import MISSING, delta_text, metric_text, plural, title

HEADS = (
    "Experiment",
    "Runs",
    "Validation, search",
    "Validation, new seeds",
    "Test",
    "Test − search",
)
SEALED = (
    "The test rows are sealed: no number in this report comes from them. medsweep best RUN --final "
    "opens them, once, for the chosen configuration with all its seeds, the baselines and the base "
    "model."
)
NOTE = (
    "Test: mean ± standard deviation (n - 1) over the runs, all of the same configuration. The "
    "last column holds both the optimism of a value that won a search and that the rows are others."
)


def sealed_test_passage(run: Run, best: TrialView | None) -> Passage | None:
    """None where the run kept no test rows."""
    opened = openings(run.folder)
    if not opened:
        return Passage("Sealed test", (SEALED,)) if best and sealed(run) else None
    last = opened[-1]
    tables = tuple((title(c.metric), _table(run, last, c.metric)) for c in criteria(run.search))
    return Passage("Sealed test", tuple(_told(run, opened)), tables)


def _told(run: Run, opened: tuple[Opening, ...]) -> list[str]:
    last = opened[-1]
    rows = "no row was measured" if last.rows is None else f"on {plural(last.rows, 'row')}"
    told = [
        f"The test rows were opened {plural(len(opened), 'time')}, last on {last.opened}, "
        f"for {run.find(last.chosen).name}, which was chosen before: {rows}."
    ]
    if len(opened) > 1:
        told.append(
            "They were opened more than once: if anything was chosen by what they said, they are "
            "validation rows by now."
        )
    return told


def _table(run: Run, opened: Opening, metric: str) -> Table:
    lines = [_line(run, opened, trial, metric) for trial in opened.runs]
    base = opened.base.get(metric)
    lines.append(["base model", "1", MISSING, MISSING, metric_text(metric, base, 4), MISSING])
    table = plain_table(HEADS, lines, numeric=5)
    return Table(table.columns, table.lines, NOTE)


def _line(run: Run, opened: Opening, trial: str, metric: str) -> list[str]:
    view, values = run.find(trial), opened.values(trial, metric)
    searched, test, difference = view.metrics.get(metric), MISSING, MISSING
    if values:
        mean, sd = mean_told(values)
        spread = "" if sd is None else f" ± {metric_text(metric, sd, 4)}"
        test = f"{metric_text(metric, mean, 4)}{spread}"
        difference = MISSING if searched is None else delta_text(mean - searched)
    return [
        view.name,
        str(len(values)),
        metric_text(metric, searched, 4),
        metric_text(metric, means(view).get(metric), 4),
        test,
        difference,
    ]
