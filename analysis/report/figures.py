"""The report's figures, as Plotly JSON. The page sets the colours of light and dark."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from analysis.effects.findings import what_mattered
from analysis.effects.importance import Share
from analysis.effects.words import importance_note, why_no_importance
from analysis.report.curves import CHOSEN, PALETTE, curve_figure
from analysis.runs import Run, TrialView, is_number
from analysis.selection import criteria
from analysis.selection.choice import eligible
from analysis.study import flatten, rebuild_study
from analysis.wording import MISSING, plural, short_names, title, value_text

if TYPE_CHECKING:
    from optuna import Study

STRONG, FAINT = (23, 109, 155), (150, 170, 190)  # parallel coordinates: best to worst value
TICK = 26  # characters of a category's name on an axis


@dataclass(frozen=True)
class Figure:
    """A figure, or in words why there is none (`data` is then None)."""

    name: str
    title: str
    caption: str
    data: dict[str, Any] | None = None


def figures(run: Run, best: TrialView | None, metric: str) -> list[Figure]:
    """Learning curves, parallel coordinates, parameter importance."""
    curves = curve_figure(run, best, metric)
    return [
        Figure("curves", f"Learning curves: {title(metric)}", curves[1], curves[0]),
        parallel_coordinates(run, best),
        importance(run),
    ]


def parallel_coordinates(run: Run, best: TrialView | None) -> Figure:
    """Optuna's parallel coordinates over complete trials, coloured by the sought metric."""
    sought = criteria(run.search)[0]
    name, shown = "parallel", eligible(run.trials, [sought])
    heading = f"Parallel coordinates: {title(sought.metric)}"
    varying = varying_parameters(shown)
    if not varying:
        return Figure(name, heading, _too_little(shown))
    from optuna.visualization import plot_parallel_coordinate

    study, values = _plot_study(run), _values(shown, sought.metric)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure = plot_parallel_coordinate(
            study,
            params=varying,
            target=lambda t: values.get(t.user_attrs["trial"], float("nan")),
            target_name=title(sought.metric),
        )
    drawn = json.loads(figure.to_json())
    names = short_names(sorted(varying))
    _restyle(drawn, sought.mode)
    _name_lines(drawn, study, run, varying, values, best)
    drawn["layout"]["xaxis"]["ticktext"] = [title(sought.metric), *map(escape, names.values())]
    caption = (
        f"A line a complete trial ({len(shown)}); stronger lines are better in "
        f"{title(sought.metric)}, the chosen one is orange. Parameters that never "
        "varied are left out."
    )
    return Figure(name, heading, caption, drawn)


def importance(run: Run) -> Figure:
    """The parameters' shares with their intervals, a bar a parameter and sought metric."""
    name, heading = "importance", "Parameter importance"
    shown = eligible(run.trials, criteria(run.search))
    if not varying_parameters(shown):
        return Figure(name, heading, _too_little(shown))
    found = what_mattered(run)
    if not found.importance:
        return Figure(name, heading, why_no_importance(found))
    paths = [p for shares in found.importance.values() for s in shares for p in s.parameters]
    names = short_names(list(dict.fromkeys(paths)))
    bars = [_bars(metric, shares, names) for metric, shares in found.importance.items()]
    for bar, colour in zip(bars, PALETTE, strict=False):
        bar["marker"] = {"color": colour}
    layout = {
        "xaxis": {"title": {"text": "share of importance"}, "range": [0, 1]},
        "barmode": "group",
    }
    return Figure(name, heading, importance_note(found), {"data": bars, "layout": layout})


def varying_parameters(trials: list[TrialView]) -> list[str]:
    """Parameters with at least two different values among `trials` (absent counts as one)."""
    return _varying([flatten(t.parameters) for t in trials])


def _varying(flat: list[dict[str, Any]]) -> list[str]:
    paths = dict.fromkeys(p for parameters in flat for p in parameters)
    return [p for p in paths if len({json.dumps(f.get(p)) for f in flat}) > 1]


def _bars(metric: str, shares: Sequence[Share], names: dict[str, str]) -> dict[str, Any]:
    """The largest share on top, with its interval."""
    order = sorted(shares, key=lambda s: s.value)
    return {
        "type": "bar",
        "orientation": "h",
        "name": title(metric),
        "x": [s.value for s in order],
        "y": [escape(" with ".join(names[p] for p in s.parameters)) for s in order],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [s.high - s.value for s in order],
            "arrayminus": [s.value - s.low for s in order],
        },
        "hovertemplate": "%{y}: %{x:.2f}<extra>%{fullData.name}</extra>",
    }


def _plot_study(run: Run) -> "Study":
    """Choices as people read them, numbers as numbers, so that axes are in order."""
    return rebuild_study(run, encode=_tick)


def _tick(value: Any) -> Any:
    if is_number(value):
        return value
    text = "null" if value is None else value_text(value)
    return escape(text if len(text) <= TICK else f"{text[: TICK - 1]}…")


def _axis_number(text: str) -> str:
    """2e-4 rather than 0.0002, a dash where a trial lacks the parameter; names stay as they are."""
    if text == "None":
        return MISSING
    try:
        return value_text(float(text))
    except ValueError:
        return text


def _values(trials: list[TrialView], metric: str) -> dict[str, float]:
    return {t.trial: t.metrics[metric] for t in trials}


def _restyle(drawn: dict[str, Any], direction: str) -> None:
    """Colour lines by the first axis, best strongest, and drop what is drawn for white paper."""
    drawn["data"] = [t for t in drawn["data"] if t.get("mode") == "lines"]
    for trace in drawn["data"]:
        if trace["y"][0] is None:  # all values are one: its share of their range is none
            trace["y"][0] = 0.5
        height = trace["y"][0]
        worth = 1 - height if direction == "min" else height
        mixed = [round(f + worth * (s - f)) for s, f in zip(STRONG, FAINT, strict=True)]
        colour = f"rgb({','.join(map(str, mixed))})"
        trace["line"] = {"color": colour, "width": 1.2 + 1.4 * worth}
        trace["opacity"] = 0.45 + 0.45 * worth
    for note in drawn["layout"].get("annotations", ()):
        note["bgcolor"] = "white"  # the page's paper: lines do not run through the numbers
        note["text"] = _axis_number(note["text"])
    drawn["layout"].pop("title", None)
    drawn["layout"].pop("plot_bgcolor", None)
    drawn["layout"].pop("template", None)


def _name_lines(
    drawn: dict[str, Any],
    study: "Study",
    run: Run,
    varying: list[str],
    values: dict[str, float],
    best: TrialView | None,
) -> None:
    """Write each line's trial into its hover text, and mark the chosen one.

    Optuna draws complete trials in order, sorted by the parameters whose choices are numbers.
    Where a line's value is not the trial's, the order is another one and no name is written.
    """
    order = _drawn_order(study, varying, values)
    for trace, name in zip(drawn["data"], order, strict=False):
        if trace["customdata"][0][1] == f"{values[name]:.3g}":
            shown = escape(run.find(name).name)
            trace["hovertemplate"] = (
                f"{shown}<br>%{{customdata[0]}}: %{{customdata[1]}}<extra></extra>"
            )
            if best is not None and name == best.trial:
                trace.update(line={"color": CHOSEN, "width": 3.2}, opacity=1.0)
    drawn["data"].sort(key=lambda t: t["line"]["width"])  # the strongest on top


def _drawn_order(study: "Study", varying: list[str], values: dict[str, float]) -> list[str]:
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import TrialState

    trials = [
        t
        for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if t.user_attrs["trial"] in values
    ]
    spaces = {p: d for t in trials for p, d in t.distributions.items()}
    sorters = [
        p
        for p in sorted(varying)
        if isinstance(d := spaces[p], CategoricalDistribution) and all(map(is_number, d.choices))
    ]
    ordered = sorted(trials, key=lambda t: [t.params.get(p, float("-inf")) for p in sorters])
    return [t.user_attrs["trial"] for t in ordered]


def _too_little(shown: list[TrialView]) -> str:
    return (
        "Not shown: it needs at least two complete trials that differ in a parameter and in their "
        f"result; here: {plural(len(shown), 'complete trial')}."
    )
