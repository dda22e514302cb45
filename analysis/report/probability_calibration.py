"""Calibration: reliability diagrams and abstention curves, base model beside the chosen trial."""

from collections.abc import Sequence
from html import escape
from typing import Any

from analysis.report.benchmarks import benchmarks_of
from analysis.report.cells import Cell, Column, Line, Table
from analysis.report.curves import CHOSEN, GREY
from analysis.report.figures import Figure
from analysis.report.intervals import measured_cell, measures_of
from analysis.report.passage import Passage
from analysis.runs import BaseView, Run, TrialView
from trainables.evaluation.benchmarks.registry import BENCHMARKS

View = TrialView | BaseView
BASE_NAME, BASE_COLOUR = "Base model", "#2b83ba"
COVERAGES = (0.5, 0.8, 1.0)  # shares of the questions answered, in the table
NOTE = (
    "Confidence is the probability of the likeliest option among the options. ECE: mean gap "
    "between confidence and accuracy over 10 bins, 0 is best. Brier: 0 to 2, lower is better, and "
    "better with accuracy too. Accuracy at 50%: of the half of the questions of which the model is "
    "most confident, the others left unanswered."
)


def calibration_passage(run: Run, best: TrialView | None) -> Passage | None:
    """A line a benchmark and model, and two figures a benchmark; None where no options were
    scored."""
    base = run.base_of(best)
    if best is None:
        return None
    views: list[tuple[str, View | None]] = [(BASE_NAME, base), (best.name, best)]
    names = [n for n in benchmarks_of(best, base) if any(curves(view, n) for _, view in views)]
    if not names:
        return None
    lines = [
        _line(benchmark, name, view)
        for benchmark in names
        for name, view in views
        if view is not None and curves(view, benchmark)
    ]
    numbers = ("Confidence", "ECE", "Brier", *(f"Accuracy at {c:.0%}" for c in COVERAGES))
    columns = (Column("Benchmark"), Column("Model"), *(Column(n, numeric=True) for n in numbers))
    figures = [f for name in names for f in _figures(name, views)]
    table = Table(columns, tuple(lines), note=NOTE)
    return Passage("Calibration", (), (("", table),), tuple(figures))


def curves(view: View | None, benchmark: str) -> dict[str, Any]:
    """The recorded reliability diagram and abstention curve, or nothing."""
    facts = (view.benchmarks.get(benchmark) if view else None) or {}
    found: dict[str, Any] = facts.get("calibration") or {}
    return found if found.get("reliability") and found.get("abstention") else {}


def mean_confidence(bars: Sequence[dict[str, Any]]) -> float:
    """Over all questions, 0..1, from the bins of the diagram."""
    total = sum(b["n"] * b["confidence"] for b in bars if b["n"])
    return float(total / sum(b["n"] for b in bars))


def accuracy_at(points: Sequence[dict[str, Any]], coverage: float) -> float:
    """Accuracy where at least this share of the questions, the most confident, is answered."""
    return float(next(p["accuracy"] for p in points if p["coverage"] >= coverage - 1e-9))


def _line(benchmark: str, name: str, view: View) -> Line:
    drawn, measures = curves(view, benchmark), measures_of(view, benchmark)
    answered = (accuracy_at(drawn["abstention"], c) for c in COVERAGES)
    return Line(
        (
            Cell(BENCHMARKS[benchmark].title if benchmark in BENCHMARKS else benchmark),
            Cell(name),
            Cell(f"{mean_confidence(drawn['reliability']):.3f}"),
            measured_cell(measures.get("ece")),
            measured_cell(measures.get("brier")),
            *(Cell(f"{value:.3f}") for value in answered),
        )
    )


def _figures(benchmark: str, views: Sequence[tuple[str, View | None]]) -> list[Figure]:
    shown = [(n, found) for n, view in views if (found := curves(view, benchmark))]
    title = BENCHMARKS[benchmark].title if benchmark in BENCHMARKS else benchmark
    return [
        Figure(
            f"reliability-{benchmark}",
            f"{title}: reliability",
            "Below the diagonal the model is more confident than it is right. Larger dots hold "
            "more questions.",
            _reliability(shown),
        ),
        Figure(
            f"abstention-{benchmark}",
            f"{title}: risk and coverage",
            "Wrong answers among the questions answered, where only the most confident share is. "
            "A curve that falls to the left knows when to abstain.",
            _abstention(shown),
        ),
    ]


def _reliability(shown: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    traces = []
    for name, found in shown:
        bars = [b for b in found["reliability"] if b["n"]]
        largest = max(b["n"] for b in bars)
        traces.append(
            _trace(name, [b["confidence"] for b in bars], [b["accuracy"] for b in bars])
            | {
                "marker": {
                    "color": _colour(name),
                    "size": [6 + 12 * (b["n"] / largest) ** 0.5 for b in bars],
                },
                "text": [f"{b['n']:,} questions" for b in bars],
                "hovertemplate": "confidence %{x:.2f}, accuracy %{y:.2f}<br>%{text}"
                f"<extra>{escape(name)}</extra>",
            }
        )
    diagonal = {"type": "line", "x0": 0, "y0": 0, "x1": 1, "y1": 1, "layer": "below"}
    line = {"color": GREY, "width": 1, "dash": "dot"}
    layout = _layout("confidence", "accuracy") | {"shapes": [diagonal | {"line": line}]}
    return {"data": traces, "layout": layout}


def _abstention(shown: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    traces = [
        _trace(
            name,
            [p["coverage"] for p in found["abstention"]],
            [1 - p["accuracy"] for p in found["abstention"]],
        )
        | {
            "text": [f"{p['threshold']:.2f}" for p in found["abstention"]],
            "hovertemplate": "%{x:.0%} answered, %{y:.0%} of them wrong<br>confidence at least "
            f"%{{text}}<extra>{escape(name)}</extra>",
        }
        for name, found in shown
    ]
    return {"data": traces, "layout": _layout("share of questions answered", "share wrong")}


def _trace(name: str, x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": escape(name),
        "cliponaxis": False,
        "x": x,
        "y": y,
        "line": {"color": _colour(name), "width": 2},
        "marker": {"color": _colour(name), "size": 5},
    }


def _colour(name: str) -> str:
    return BASE_COLOUR if name == BASE_NAME else CHOSEN


def _layout(x: str, y: str) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x}, "range": [0, 1.02]},
        "yaxis": {"title": {"text": y}, "range": [0, 1.02]},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"t": 40},
    }
