"""Reward models: how often each ranks the better answer higher, by the source of the pairs."""

from typing import Any

from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.intervals import measured_cell
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView, is_number
from analysis.wording import MISSING

View = TrialView | BaseView
NOTE = (
    "The share of pairs whose better answer has the higher score, ties counting half, with its 95% "
    "interval; 0.5 is guessing. Sources marked unseen were never trained on. The base model scores "
    "an answer by the mean log-probability of its tokens."
)
CALIBRATION_NOTE = (
    "How well sigmoid(difference of scores) says how often the better answer wins. ECE: mean gap "
    "between confidence and accuracy over 10 bins, 0 is best. Brier: 0 to 2, 0.5 is guessing. Mean "
    "score: 0 where scores are centred."
)


def pair_passage(run: Run, best: TrialView | None) -> Passage | None:
    """Trials × sources of pairs; None where no trial is a reward model."""
    trials = [trial for trial in run.trials if trial.pairwise]
    if not trials:
        return None
    bases = {b.key: b for t in trials if (b := run.base_of(t)) is not None and b.pairwise}
    rows: list[tuple[str, View, str]] = [("Base model", base, "") for base in bases.values()]
    rows += [(t.name, t, "chosen" if best and t.trial == best.trial else "") for t in trials]
    tables = (("Accuracy by source", _accuracy(rows)), ("Calibration", _calibration(rows)))
    return Passage("Pairs", _unseen_sentence(best), tables)


def _accuracy(rows: list[tuple[str, View, str]]) -> Table:
    columns = list(dict.fromkeys(pair for _, view, _ in rows for pair in _sources(view)))
    heads = [f"{source} (unseen)" if part == "unseen" else source for part, source in columns]
    lines = []
    for name, view, kind in rows:
        cells = [measured_cell(_of(view, part, source)) for part, source in columns]
        lines.append(Line((Cell(name), *cells), kind=kind))
    named = (Column("Experiment"), *(Column(head, numeric=True) for head in heads))
    return Table(named, tuple(lines), note=NOTE)


def _sources(view: View) -> list[tuple[str, str]]:
    """(seen or unseen, source) of all that was measured, seen ones first."""
    parts = [(part, view.pairwise.get(part) or {}) for part in ("seen", "unseen")]
    return [(part, source) for part, facts in parts for source in facts.get("sources") or {}]


def _of(view: View, part: str, source: str) -> dict[str, Any] | None:
    sources = (view.pairwise.get(part) or {}).get("sources") or {}
    found: dict[str, Any] | None = (sources.get(source) or {}).get("pairwise_accuracy")
    return found


def _calibration(rows: list[tuple[str, View, str]]) -> Table:
    lines = []
    for name, view, kind in rows:
        for part in ("seen", "unseen"):
            if facts := view.pairwise.get(part):
                own, every = facts.get("calibration") or {}, facts.get("all") or {}
                values = (own.get("ece"), own.get("brier"), every.get("mean_score"))
                lines.append(Line((Cell(name), Cell(part), *map(_cell, values)), kind=kind))
    heads = (Column(head, numeric=True) for head in ("ECE", "Brier", "Mean score"))
    named = (Column("Experiment"), Column("Pairs"), *heads)
    return Table(named, tuple(lines), note=CALIBRATION_NOTE)


def _cell(value: Any) -> Cell:
    return Cell(f"{value:.3f}") if is_number(value) else Cell(MISSING, "missing")


def _unseen_sentence(best: TrialView | None) -> tuple[str, ...]:
    """How far the chosen model's accuracy falls on sources that it has not seen."""
    parts = [best.pairwise.get(part) if best else None for part in ("seen", "unseen")]
    found = [((p or {}).get("all") or {}).get("pairwise_accuracy") or {} for p in parts]
    if best is None or not all(is_number(f.get("value")) for f in found):
        return ()
    seen, unseen = (f"{f['value']:.3f}" for f in found)
    return (
        f"{best.name} ranks {seen} of the validation pairs right, and {unseen} of the pairs of "
        "sources that it was not trained on.",
    )
