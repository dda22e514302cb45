"""Tables that several verbs print."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.best import caution, changed
from analysis.decision import decision_of
from analysis.report.cells import Table as Cells
from analysis.report.effects import effects_passages
from analysis.report.passage import Passage
from analysis.runs import Run
from analysis.selection import choose, criteria, why_none
from analysis.selection.choice import Chosen
from analysis.wording import cell_text, column_names, metric_text, parameter_text, stage_names
from medsweep.fitted_table import FittedTable

NOTED = 60  # characters of an error beside its trial
STYLES = {
    "complete": "green",
    "stopped": "yellow",
    "failed": "red",
    "infeasible": "red",
    "unfinished": "cyan",
}


def print_changes(console: Console, run: Run) -> None:
    """What the run went on with besides what it began with; nothing for most."""
    for sentence in changed(run):
        console.print(sentence, markup=False)


def trial_table(run: Run) -> FittedTable:
    """Every trial with its state, parameters, what is sought, and error."""
    paths = list(run.search.parameters)
    sought = [criterion.metric for criterion in criteria(run.search)]
    lines = [
        (
            escape(trial.name),
            _state(trial.state),
            *(escape(cell_text(p, trial.parameters.get(p, ""))) for p in paths),
            *(metric_text(metric, trial.metrics.get(metric)) for metric in sought),
            metric_text("minutes", trial.metrics.get("minutes")),
        )
        for trial in run.trials
    ]
    errors = {n: trial.error for n, trial in enumerate(run.trials) if trial.error}
    notes = {number: escape(in_short(error, NOTED)) for number, error in errors.items()}
    cut = any(in_short(error, NOTED) != error for error in errors.values())
    whole = f" …: in full in {run.folder}/trials/TRIAL/record.json (error)"
    heads = ("trial", "state", *column_names(paths, stage_names(run.trial)), *sought, "min")
    return FittedTable(heads, lines, notes, escape(whole) if cut else "")


def in_short(text: str, limit: int) -> str:
    """The first line of a text; it ends in an ellipsis where that is too long, or not all."""
    first = text.strip().splitlines()[0] if text.strip() else ""
    whole = first == text and len(first) <= limit
    return first if whole else first[: limit - 1].rstrip() + "…"


def _state(state: str) -> str:
    style = STYLES.get(state)
    return f"[{style}]{state}[/]" if style else state


def print_best(console: Console, best: dict[str, Any]) -> None:
    """The chosen trial, its parameters and the reason."""
    label = f" ({best['label']})" if best["label"] else ""
    tie = best["tie"]
    heading = _heading(best["trial"] + label, bool(tie and tie["all"]))
    console.print(f"[bold green]{escape(heading)}[/]")
    for path, value in best["parameters"].items():
        console.print(f"  {path}: {escape(parameter_text(path, value))}")
    console.print(escape(best["explanation"]))
    console.print("[bold]What mattered[/]")
    for sentence in best["what_mattered"]["sentences"]:
        console.print(f"  {escape(sentence)}")


def print_passage(console: Console, passage: Passage) -> None:
    """A section of the report on the terminal, without its figures."""
    console.print(f"\n[bold]{escape(passage.title)}[/]")
    for sentence in passage.sentences:
        console.print(escape(sentence))
    for heading, table in passage.tables:
        terminal_table(console, heading, table)


def print_effects(console: Console, run: Run) -> int:
    """The choice among trials or experiments, and what mattered; 1 where none could be chosen."""
    choice, confirmed = _choice(run)
    if choice is None:
        console.print(why_none(run.trials, run.search), markup=False)
    else:
        name = run.find(choice.trial).name
        console.print(f"[bold green]{escape(_heading(name, choice.undecided))}[/]")
        console.print(choice.reason if confirmed else choice.explanation, markup=False)
        if not confirmed:
            console.print(caution(run, choice.trial), markup=False)
    for passage in effects_passages(run):
        console.print(f"\n[bold]{passage.title}[/]")
        for sentence in passage.sentences:
            console.print(sentence, markup=False)
        for heading, table in passage.tables:
            terminal_table(console, heading or "Effects", table)
    return 0 if choice else 1


def _choice(run: Run) -> tuple[Chosen | None, bool]:
    """The choice, and whether new seeds made it; a table of experiments has no folder."""
    if not run.folder.is_dir():
        return choose(run.trials, run.search), False
    decision = decision_of(run)
    return decision.choice, decision.verdict is not None


def _heading(name: str, undecided: bool) -> str:
    return f"{'Tied: no trial is the best; for them stands' if undecided else 'Best:'} {name}"


def terminal_table(console: Console, heading: str, content: Cells) -> None:
    """A table of the report, with its heading and note."""
    table = Table(box=None, header_style="bold")
    for column in content.columns:
        table.add_column(escape(column.title), justify="right" if column.numeric else "left")
    for line in content.lines:
        table.add_row(*(escape(cell.text) for cell in line.cells))
    console.print(f"\n[bold]{escape(heading)}[/]")
    console.print(table)
    if content.note:
        console.print(escape(content.note))
