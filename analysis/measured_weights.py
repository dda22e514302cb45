"""What the numbers of a model card are of: which weights, on which rows, when."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.measured_again import Again
from analysis.merging import Onto
from analysis.runs import TrialView
from analysis.wording import metric_text, title

FILE = "measured.json"  # in a folder with merged weights
QUANTIZED = {"nf4": "NF4 (4 bits)", "int8": "INT8 (8 bits)"}
MEMORY = ("gpu_peak_gb", "pack_peak_gb", "minutes")  # of the trial's training


def quantization(trial: TrialView) -> str:
    """The quantization of the base that a trial was trained and measured on."""
    return str(trial.value("model.quantization") or "none")


def provenance(trial: TrialView, merged: bool) -> str:
    """A Markdown table of weights, quantization, validation rows and date of the card's numbers."""
    how, found = trial.evaluation, quantization(trial)
    rows = f"{how['pairs']} pairs" if "pairs" in how else str(how.get("loss_rows", "unknown"))
    weights = "the base model with the adapter beside it, as in training"
    if trial.model is not None:
        weights = "the model in this folder"
    elif merged:
        weights += "; those of this folder are in the last table of this section"
    lines = [
        "| About these numbers | |",
        "|---|---|",
        f"| Measured weights | {weights} |",
        f"| Quantization while measured | {QUANTIZED.get(found, found)} |",
        f"| Validation rows | {rows} |",
        f"| Measured on | {(trial.finished or 'unknown')[:10]} |",
    ]
    return "\n".join(lines)


def merged_numbers(trial: TrialView, again: Again, onto: Onto) -> str:
    """A Markdown table of each measure of the merged weights beside the trial's, or a sentence why
    the merged weights were not measured."""
    found = quantization(trial)
    base, merged = _bases(trial, onto)
    if again.why_not:
        return (
            f"**The numbers above are not of the weights in this folder**, which are the adapter "
            f"merged onto {merged}: these were not measured, since {again.why_not}."
        )
    head = f"| Metric | Trial: adapter beside {base} | This folder: merged onto {merged} |"
    rows = [
        f"| {title(name)} | {metric_text(name, trial.metrics[name])} | {metric_text(name, value)} |"
        for name, value in _both(trial, again).items()
    ]
    rows.append(f"| Measured on | {(trial.finished or 'unknown')[:10]} | {_today()} |")
    note = ""
    if found in QUANTIZED and onto == "base":
        note = (
            "\n\nThe adapter has learnt beside the quantized base; the model that was measured in "
            "the sweep is nearest to `medsweep best --export DIR --merge --merge-onto dequantized`."
        )
    return "\n".join([head, "|---|---:|---:|", *rows]) + note


def write_measured(trial: TrialView, again: Again, onto: Onto, folder: Path) -> None:
    """measured.json: which numbers are of the trial, and which of the weights in this folder."""
    content = {
        "trial": {
            "id": trial.trial,
            "weights": f"the adapter beside {_bases(trial, onto)[0]}",
            "metrics": trial.metrics,
        },
        "this folder": {
            "weights": f"the adapter merged onto {_bases(trial, onto)[1]}",
            "metrics": dict(again.metrics) or None,
            "not measured, since": again.why_not,
            "measured on": _today(),
        },
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read_measured(folder: Path, metrics: list[str]) -> str:
    """A sentence: what the trial measured, and what the merged weights in this folder do; of
    `metrics`, those that both have."""
    content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    then, now = content["trial"], content["this folder"]
    what = f"The exported weights, {now['weights']}, "
    if now["metrics"] is None:
        return f"{what}were not measured, since {now['not measured, since']}."
    told = [
        f"{title(m)} {metric_text(m, now['metrics'][m])} (the trial, {then['weights']}: "
        f"{metric_text(m, then['metrics'][m])})"
        for m in metrics
        if m in now["metrics"] and m in then["metrics"]
    ]
    return f"{what}measure {', '.join(told)}." if told else f"{what}are measured in README.md."


def _both(trial: TrialView, again: Again) -> dict[str, float]:
    return {n: v for n, v in again.metrics.items() if n in trial.metrics and n not in MEMORY}


def _bases(trial: TrialView, onto: Onto) -> tuple[str, str]:
    """The base that the adapter was measured beside, and that it is merged onto, in words."""
    found = quantization(trial)
    base = f"the base in {QUANTIZED[found]}" if found in QUANTIZED else "the base"
    return base, ("the unquantized base" if onto == "base" else f"{base}, dequantized")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
