"""Learning curves as a Plotly figure: legible with three trials and with forty."""

from html import escape
from typing import Any

from analysis.report.experiments import curve_points
from analysis.runs import BaseView, Run, TrialView
from analysis.wording import metric_text, parameter_text, title

CHOSEN = "#e4572e"  # the accent of the chosen trial, legible on light and dark
PALETTE = (
    "#2b83ba",
    "#2a9d6f",
    "#8e63ce",
    "#c28a00",
    "#d1558f",
    "#5a7d2a",
    "#3aa6b9",
    "#9a6b4f",
    "#6f7fd8",
    "#7a8794",
)
CROWD = 10  # more trials than this are drawn alike, told apart by hovering
GREY = "#8796a8"
DASHES = {"complete": "solid", "stopped": "dash", "unfinished": "dot", "failed": "dashdot"}
LEGEND = 32  # characters of a trial's name in the legend


def curve_figure(
    run: Run, best: TrialView | None, metric: str
) -> tuple[dict[str, Any] | None, str]:
    """(figure, caption) of `metric` by epoch (by step where epochs are missing), a line a trial."""
    drawn = [t for t in run.trials if curve_points(t, metric)]
    if not drawn:
        return None, f"Not shown: no trial has measured {title(metric)} yet."
    by_epoch = all(epoch is not None for t in drawn for _, epoch, _ in curve_points(t, metric))
    crowded = len(drawn) > CROWD
    ordered = sorted(drawn, key=lambda t: best is not None and t.trial == best.trial)
    traces = [
        _trace(t, metric, by_epoch, _colour(run, t, best, crowded), best, crowded) for t in ordered
    ]
    if crowded:
        _legend_by_group(traces)
    low, high = _range([v for t in drawn for _, _, v in curve_points(t, metric)])
    base = run.base_of(best or drawn[0])
    shapes, note = _base_line(base, metric, low, high)
    layout = {
        "xaxis": {"title": {"text": "epoch" if by_epoch else "optimizer step"}},
        "yaxis": {"title": {"text": title(metric)}, "range": [low, high]},
        "hovermode": "closest",
        **shapes,
    }
    return {"data": traces, "layout": layout}, _caption(crowded, best, note)


def _trace(
    trial: TrialView,
    metric: str,
    by_epoch: bool,
    colour: str,
    best: TrialView | None,
    crowded: bool,
) -> dict[str, Any]:
    points = curve_points(trial, metric)
    chosen = best is not None and trial.trial == best.trial
    group = "chosen" if chosen else trial.state
    name = trial.name if len(trial.name) <= LEGEND else f"{trial.name[: LEGEND - 1]}…"
    suffix = " (chosen)" if chosen else "" if trial.state == "complete" else f" ({trial.state})"
    return {
        "type": "scatter",
        "mode": "lines" if crowded and not chosen else "lines+markers",
        "x": [epoch if by_epoch else step for step, epoch, _ in points],
        "y": [value for _, _, value in points],
        "name": escape(name) + suffix,
        "meta": group,
        "legendrank": trial.number,
        "line": {
            "color": colour,
            "width": 3 if chosen else 1.6,
            "dash": DASHES.get(trial.state, "dot"),
        },
        "marker": {"size": 6 if chosen else 4, "color": colour},
        "opacity": _opacity(chosen, trial.state, crowded),
        "hovertemplate": _hover(trial, metric),
    }


def _opacity(chosen: bool, state: str, crowded: bool) -> float:
    if chosen:
        return 1.0
    return (0.65 if crowded else 0.9) if state == "complete" else (0.4 if crowded else 0.6)


def _hover(trial: TrialView, metric: str) -> str:
    pairs = (f"{escape(p)}: {escape(parameter_text(p, v))}" for p, v in trial.parameters.items())
    lines = [f"<b>{escape(trial.name)}</b> ({escape(trial.state)})", *pairs]
    return "<br>".join(lines) + f"<br>%{{x:.4~g}} → {title(metric)} %{{y:.4f}}<extra></extra>"


def _colour(run: Run, trial: TrialView, best: TrialView | None, crowded: bool) -> str:
    if best is not None and trial.trial == best.trial:
        return CHOSEN
    others = [t.trial for t in run.trials if best is None or t.trial != best.trial]
    return GREY if crowded else PALETTE[others.index(trial.trial) % len(PALETTE)]


def _legend_by_group(traces: list[dict[str, Any]]) -> None:
    """One legend entry a state; clicking it shows or hides all of its lines."""
    seen: set[str] = set()
    for trace in traces:
        group = str(trace["meta"])
        trace.update(legendgroup=group, showlegend=group not in seen)
        if group != "chosen":
            trace["name"] = group
        seen.add(group)


def _range(values: list[float]) -> tuple[float, float]:
    """From the lowest value to the 97th percentile, with a margin: one spike hides nothing."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[min(len(ordered) - 1, round(0.97 * (len(ordered) - 1)))]
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.1
    return low - margin, high + margin


def _base_line(
    base: BaseView | None, metric: str, low: float, high: float
) -> tuple[dict[str, Any], str]:
    """The untouched base model as a dotted line, or in words where it lies outside the plot."""
    value = base.metrics.get(metric) if base else None
    if value is None:
        return {}, ""
    text = f"untouched base model {metric_text(metric, value, 4)}"
    if not low <= value <= high:
        where = "above" if value > high else "below"
        return {}, f" The {text} lies {where} the plotted range."
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
    label = {"xref": "paper", "x": 1, "xanchor": "right", "y": value, "yanchor": "bottom"}
    return {
        "shapes": [{**line, "line": {"color": GREY, "width": 1.2, "dash": "dot"}}],
        "annotations": [{**label, "text": text, "showarrow": False}],
    }, ""


def _caption(crowded: bool, best: TrialView | None, note: str) -> str:
    parts = ["Solid: complete; dashed: stopped early; dash-dotted: failed; dotted: unfinished."]
    if best is not None:
        parts.append("The chosen trial is orange and bold.")
    if crowded:
        parts.append("Hover over a line for its trial and parameters.")
    return " ".join(parts) + note
