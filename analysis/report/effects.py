"""The section on what mattered: effects in words, then their numbers."""

from analysis.effects.findings import WhatMattered, what_mattered
from analysis.effects.main_effects import Effect, Finding
from analysis.effects.words import (
    effect_text,
    importance_note,
    range_text,
    sentences,
    why_no_importance,
)
from analysis.report.cells import Cell, Column, Line, Table, plain_table
from analysis.report.passage import Passage
from analysis.runs import Run
from analysis.wording import MISSING, title

CORRECTED = "p (corrected)"


def effects_passages(run: Run) -> list[Passage]:
    """What mattered, or why nothing can be said of it; none before there is a trial."""
    if not run.trials:
        return []
    found = what_mattered(run)
    tables = [("", effect_table(found))] if found.findings else []
    tables += [("Importance", _importance_table(found))] if found.importance else []
    none = why_no_importance(found) if found.findings else ""
    return [Passage("What mattered", (*sentences(found), *filter(None, (none,))), tuple(tables))]


def effect_table(found: WhatMattered) -> Table:
    """A line a step of each parameter, a column a metric; what is credited stands out."""
    metrics = list(dict.fromkeys(f.metric for f in (*found.findings, *found.costs)))
    by_unit: dict[tuple[str, ...], dict[str, Finding]] = {}
    for finding in (*found.findings, *found.costs):
        by_unit.setdefault(finding.parameters, {})[finding.metric] = finding
    sought = [m for m in metrics if m in found.metrics]
    columns = (
        Column("Parameter"),
        Column("From, to"),
        *(Column(title(m), True) for m in metrics),
        *(
            Column(f"{CORRECTED}: {title(m)}" if len(sought) > 1 else CORRECTED, True)
            for m in sought
        ),
    )
    lines = tuple(
        line
        for parameters, of_metric in by_unit.items()
        for line in _lines(parameters, of_metric, metrics, sought)
    )
    note = "Bold: not explained by chance, corrected for all that was looked at."
    return Table(columns, lines, note)


def _lines(
    parameters: tuple[str, ...],
    of_metric: dict[str, Finding],
    metrics: list[str],
    sought: list[str],
) -> list[Line]:
    p_values = [Cell(_p(of_metric.get(m))) for m in sought]
    steps = next(iter(of_metric.values())).effects
    if not steps:
        name = Cell(" with ".join(parameters))
        unknown = [Cell(MISSING, "missing") for _ in metrics]
        return [Line((name, Cell("changed together"), *unknown, *p_values))]
    return [
        Line(
            (
                Cell(parameters[0] if i == 0 else ""),
                Cell(range_text(step)),
                *(_cell(of_metric.get(m), step) for m in metrics),
                *(p_values if i == 0 else [Cell("") for _ in sought]),
            )
        )
        for i, step in enumerate(steps)
    ]


def _cell(finding: Finding | None, step: Effect) -> Cell:
    if finding is None:
        return Cell(MISSING, "missing")
    own = [
        e
        for e in finding.effects
        if (e.component, e.low, e.high) == (step.component, step.low, step.high)
    ]
    if not own:
        return Cell(MISSING, "missing")
    apart = finding.credited and abs(own[0].value) > own[0].half_width
    return Cell(effect_text(own[0], finding.metric), "top" if apart else "")


def _p(finding: Finding | None) -> str:
    if finding is None:
        return MISSING
    return "< 0.001" if finding.corrected < 0.001 else f"{finding.corrected:.2g}"


def _importance_table(found: WhatMattered) -> Table:
    rows = [
        [
            title(metric),
            " with ".join(s.parameters),
            f"{s.value:.2f}",
            f"{s.low:.2f} to {s.high:.2f}",
        ]
        for metric, shares in found.importance.items()
        for s in shares
    ]
    table = plain_table(["Metric", "Parameter", "Share", "95% interval"], rows, numeric=2)
    return Table(table.columns, table.lines, importance_note(found))
