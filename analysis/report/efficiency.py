"""What trials train and what that costs, beside what it reaches."""

from typing import Any

from analysis.report.cells import Cell, Column, Line, Table, value_cell
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.tables import experiment_name
from analysis.wording import MISSING, best_value, metric_text, title

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
    tops = {m: best_value(m, (t.metrics[m] for t in shown if m in t.metrics)) for m in metrics}
    engines = len({t.engine for t in shown}) > 1
    columns = [Column("Experiment"), Column("Weights")]
    if engines:
        columns.append(Column("Engine"))
    columns += [Column(name, numeric=True) for name in (*HEADS, *map(title, metrics))]
    lines = tuple(_line(t, best, tops, engines) for t in shown)
    return Table(tuple(columns), lines, NOTE + _notes(shown))


def _kind(trial: TrialView) -> tuple[object, ...]:
    quantization = trial.value("model.quantization")
    return (trial.size["trainable_parameters"], quantization, trial.engine)


def _quality(run: Run, shown: list[TrialView]) -> list[str]:
    sought = [c.metric for c in criteria(run.search)]
    wanted = dict.fromkeys([*sought, *QUALITY])
    return [m for m in wanted if any(m in t.metrics for t in shown)]


def _line(
    trial: TrialView, best: TrialView | None, tops: dict[str, float | None], engines: bool
) -> Line:
    size = trial.size
    texts = [experiment_name(trial, best.trial if best else None), weights_text(trial)]
    if engines:
        texts.append(trial.engine or MISSING)
    texts += [
        _trainable(size),
        _bytes(size.get("trained_bytes")),
        _bytes(size.get("optimizer_bytes")),
        _memory(trial),
        metric_text("minutes", trial.metrics.get("minutes")),
        _speed(trial),
    ]
    cells = [value_cell(text) for text in texts]
    cells += [_quality_cell(metric, trial, top) for metric, top in tops.items()]
    chosen = best is not None and trial.trial == best.trial
    return Line(tuple(cells), "chosen" if chosen else trial.state)


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
    top_here = value is not None and value == top
    return value_cell(metric_text(metric, value), "top" if top_here else "")
