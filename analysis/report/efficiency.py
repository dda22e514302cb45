"""What trials train and what that costs, beside what it reaches."""

from typing import Any

from analysis.report.cells import Cell, Column, Emphasis, Line, Table
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.tables import experiment_name
from analysis.wording import MISSING, metric_text, mode, title

PREDICTED = "≈ "
QUALITY = ("val_loss", "rouge1", "bleu")
HEADS = ("Trainable", "Trained", "Optimizer", "Memory", "Time (min)", "Tokens/s")
NOTE = (
    "Trainable: numbers that are trained, and their share of the base model's. Trained: the bytes "
    "of those tensors; Optimizer: of what it remembers of each (AdamW: two moments). Memory: the "
    "trial's peak on its GPU. Tokens/s: all tokens of the training rows, by the time within "
    "optimizer steps."
)
PREDICTED_NOTE = f" {PREDICTED.strip()}: predicted by the memory model, not measured."
PACKED_NOTE = " In a pack, time is a trial's share and memory what it would need alone."


def efficiency_table(run: Run, best: TrialView | None) -> Table | None:
    """A line a complete trial; None unless trials differ in trained numbers, in the base's
    quantization or in their engine."""
    shown = [t for t in run.trials if t.state == "complete" and "trainable_parameters" in t.size]
    if len({_kind(t) for t in shown}) < 2:
        return None
    metrics = _quality(run, shown)
    tops = {m: _top(shown, m) for m in metrics}
    engines = len({t.engine for t in shown}) > 1
    columns = (
        *(Column(name) for name in ("Experiment", "Weights", *["Engine"][:engines])),
        *(Column(name, numeric=True) for name in (*HEADS, *map(title, metrics))),
    )
    lines = tuple(_line(t, best, tops, engines) for t in shown)
    return Table(columns, lines, NOTE + _notes(shown))


def _kind(trial: TrialView) -> tuple[object, ...]:
    quantization = trial.value("model.quantization")
    return (trial.size["trainable_parameters"], quantization, trial.engine)


def _quality(run: Run, shown: list[TrialView]) -> list[str]:
    sought = [c.metric for c in criteria(run.trials, run.spec)]
    wanted = dict.fromkeys([*sought, *QUALITY])
    return [m for m in wanted if any(m in t.metrics for t in shown)]


def _line(
    trial: TrialView, best: TrialView | None, tops: dict[str, float | None], engines: bool
) -> Line:
    size = trial.size
    texts = (
        _trainable(size),
        _bytes(size.get("trained_bytes")),
        _bytes(size.get("optimizer_bytes")),
        _memory(trial),
        metric_text("minutes", trial.metrics.get("minutes")),
        _speed(trial),
    )
    chosen = best is not None and trial.trial == best.trial
    name = experiment_name(trial, best.trial if best else None)
    cells = (name, weights_text(trial), *[trial.engine or MISSING][:engines], *texts)
    quality = (_quality_cell(m, trial, top) for m, top in tops.items())
    kind = "chosen" if chosen else trial.state
    return Line((*(_cell(text) for text in cells), *quality), kind)


def weights_text(trial: TrialView) -> str:
    """What is trained, on which base: `all`, `LoRA`, `LoRA on nf4`."""
    if trial.value("lora") is None:
        return "all"
    quantization = trial.value("model.quantization")
    return f"LoRA on {quantization}" if quantization not in (None, "none") else "LoRA"


def _trainable(size: dict[str, Any]) -> str:
    trained, total = size["trainable_parameters"], size.get("total_parameters")
    return f"{trained:,.0f} ({trained / total:.2%})" if total else f"{trained:,.0f}"


def _memory(trial: TrialView) -> str:
    measured = trial.metrics.get("gpu_peak_gb")
    if measured is not None:
        return f"{measured:.2f} GB"
    predicted = trial.size.get("predicted_peak_gb")
    return MISSING if predicted is None else PREDICTED + _bytes(predicted * 1e9)


def _speed(trial: TrialView) -> str:
    tokens, seconds = trial.size.get("tokens"), trial.size.get("train_seconds")
    return f"{tokens / seconds:,.0f}" if tokens and seconds else MISSING


def _bytes(count: float | None) -> str:
    if count is None:
        return MISSING
    large = count >= 1e9
    return f"{count / 1e9:.2f} GB" if large else f"{count / 1e6:.2f} MB"


def _notes(shown: list[TrialView]) -> str:
    predicted = any(_memory(t).startswith(PREDICTED) for t in shown)
    packed = any(t.engine == "packed" for t in shown)
    return (PREDICTED_NOTE if predicted else "") + (PACKED_NOTE if packed else "")


def _quality_cell(metric: str, trial: TrialView, top: float | None) -> Cell:
    value = trial.metrics.get(metric)
    return _cell(metric_text(metric, value), "top" if value is not None and value == top else "")


def _cell(text: str, emphasis: Emphasis = "") -> Cell:
    return Cell(text, "missing" if text == MISSING else emphasis)


def _top(shown: list[TrialView], metric: str) -> float | None:
    values = {t.metrics[metric] for t in shown if metric in t.metrics}
    if len(values) < 2:
        return None
    return min(values) if mode(metric) == "min" else max(values)
