"""What the best trials reached when they were trained again with other seeds."""

from analysis.report.cells import Cell, Column, Line, Table, value_cell
from analysis.report.passage import Passage
from analysis.verdict.numbers import numbers
from analysis.verdict.verdict import Verdict
from analysis.verdict.versus import same
from analysis.wording import MISSING, delta_text, metric_text, title

NOTE = (
    "Mean and standard deviation (n - 1) over the new seeds, which the search's own run is not one "
    "of. Δ is the trial's value less the leader's and its 95% interval over other seeds and rows, "
    "both as believed from all runs, the search's among them: so they hold although the leader was "
    "chosen by these runs, and so Δ is not the difference of the means beside it. Marked *: of the "
    "new seeds alone, paired seed by seed and row by row, as p is, which is corrected for the "
    "number of comparisons (Holm) and needs two seeds. P(best) is the "
    "probability that no other is better (all runs, shrunk towards all trials of the search); "
    "P(leader wins) how often the leader's run beats the trial's of the same seed."
)
NOTE_BY_RULE = (
    "Mean and standard deviation (n - 1) over the new seeds, which the search's own run is not one "
    "of. Δ is the trial's value less the leader's, paired seed by seed and row by row; its 95% "
    "interval, over other seeds and rows, and p are corrected for all metrics and all trials "
    "(Bonferroni). P(leader wins) is how often the leader's run beats the trial's of the same seed."
)
BY_RULE = (
    "The rule compares several metrics, each of which has its table. No one of them says which "
    "trial is believed to be the best, so there was no race."
)
HEADS = ("Experiment", "Seeds", "Mean ± SD", "In the search", "Δ", "95% interval", "p")
LATER = ("P(best)", "P(leader wins)")


def confirmation_passage(told: Verdict | None) -> Passage | None:
    """The fresh runs of every trial that was trained again; None where none was."""
    if told is None:
        return None
    tables = [(title(one.evidence.criterion.metric), _table(one)) for one in (told, *told.also)]
    heading = "Trained again with new seeds"
    if not told.also:
        return Passage(f"{heading}: {tables[0][0]}", (), (("", tables[0][1]),))
    return Passage(heading, (BY_RULE,), tuple(tables))


def _table(told: Verdict) -> Table:
    """By one metric; of one among several no belief is told."""
    one = told.by_metric is None
    heads = (*HEADS[1:], *(LATER if one else LATER[1:]))
    columns = (Column(HEADS[0]), *(Column(head, True) for head in heads))
    lines = sorted(told.evidence.trials, key=lambda name: _place(told, name))
    note = NOTE if one else NOTE_BY_RULE
    return Table(columns, tuple(_line(told, name) for name in lines), note)


def _place(told: Verdict, name: str) -> tuple[bool, float]:
    """The leader first, then by the mean of the fresh runs; those without one last."""
    runs = told.evidence.runs(name)
    sign = 1 if told.evidence.lower_is_better else -1
    return name != told.leader, sign * float(runs.mean()) if len(runs) else float("inf")


def _line(told: Verdict, name: str) -> Line:
    found = numbers(told)["trials"][name]
    metric = told.evidence.criterion.metric
    corrected = (told.by_metric or told.contest.corrected).get(name)
    against = told.contest.against.get(name)
    unseen = against is not None and against.missing == "seeds"  # of one seed: rows alone
    wins = found["beaten_by_leader"]
    texts = [
        _seeds(found),
        _spread(metric, found),
        metric_text(metric, found["searched"], 4),
        *_difference(told, name),
        MISSING if unseen or corrected is None or corrected.p is None else f"{corrected.p:.2g}",
        *([] if told.by_metric is not None else [_share(found["probability_best"])]),
        MISSING if wins is None else f"{wins['probability']:.2f}",
    ]
    called = " ".join(filter(None, (told.evidence.trials[name].name, _remark(told, name))))
    cells = (Cell(called), *map(value_cell, texts))
    return Line(cells, "chosen" if name == told.advice else "")


def _share(probability: float | None) -> str:
    return MISSING if probability is None else f"{probability:.2f}"


def _remark(told: Verdict, name: str) -> str:
    """What stands behind a trial's name."""
    if name == told.leader:
        return "(leader)"
    tie = "not told apart" if name in told.tied else ""
    out = "dropped out" if name in told.evidence.course.dropped else ""
    return f"({', '.join(filter(None, (tie, out)))})" if tie or out else ""


def _seeds(found: dict[str, object]) -> str:
    values, failed = found["values"], found["failed"]
    assert isinstance(values, list)
    return f"{len(values)}, {failed} failed" if failed else str(len(values))


def _spread(metric: str, found: dict[str, float | None]) -> str:
    mean, sd = (metric_text(metric, found[name], 4) for name in ("mean", "sd"))
    return mean if found["sd"] is None else f"{mean} ± {sd}"


def _difference(told: Verdict, name: str) -> tuple[str, str]:
    """Δ and its interval, of the same runs."""
    believed, found = told.believed(name), told.contest.against.get(name)
    if believed is not None and name != told.leader:
        return delta_text(believed[0]), _interval(*believed[1])
    if found is None:
        return MISSING, MISSING
    known = told.by_metric[name].interval if told.by_metric else found.interval
    held = known and _interval(-known[1], -known[0])
    apart = delta_text(0.0 if same(told, found.estimate) else -found.estimate)
    return apart if told.by_metric is not None else f"{apart}*", held or MISSING


def _interval(low: float, high: float) -> str:
    return f"{delta_text(low)} to {delta_text(high)}"
