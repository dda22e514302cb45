"""How numbers, parameters and metrics are written in tables and sentences."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from analysis.runs import is_number
from trainables.context import SAMPLED
from trainables.evaluation.measured import Mode
from trainables.evaluation.metric_names import metric_named

MISSING = "–"
NOTICE = "Educational use only, not medical advice"
# every other metric: 4
DECIMALS = {"perplexity": 2, "gpu_peak_gb": 2, "minutes": 1, "answer_tokens": 1, "kl": 2}
SHORT_NAMES = {
    "lora.r": "r",
    "training.learning_rate": "LR",
    "training.num_train_epochs": "Epochs",
}

# fields that stand for a whole section in a table's cell
TELLING = {"lora": ("r", "lora_alpha"), "training.regularizer": ("kind", "weight")}
NULL_MEANS = {"lora": "all weights", "training.regularizer": "none"}


def metric_text(metric: str, value: Any, decimals: int | None = None) -> str:
    """A metric's value with its usual decimals; a dash where it is missing."""
    if not is_number(value):
        return MISSING
    if metric == "minutes" and abs(value) < 1:
        return f"{value:.2f}"
    return f"{value:.{DECIMALS.get(metric, 4) if decimals is None else decimals}f}"


def delta_text(value: float, decimals: int = 4) -> str:
    """A signed difference with a real minus sign."""
    return f"{value:+.{decimals}f}".replace("-", "−")


def value_text(value: Any) -> str:
    """A parameter's value as people write it: 2e-4, 16, q_proj + v_proj."""
    if value is None:
        return MISSING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _other_text(value)
    if value and abs(value) < 1e-3:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def parameter_text(path: str, value: Any) -> str:
    """As `value_text`; of a section that may be null, what null means."""
    return NULL_MEANS[path] if value is None and path in NULL_MEANS else value_text(value)


def cell_text(path: str, value: Any) -> str:
    """As `parameter_text`, of a section only the fields that tell it from others."""
    if isinstance(value, dict) and path in TELLING:
        value = {name: value[name] for name in TELLING[path] if name in value}
    return parameter_text(path, value)


def title(metric: str) -> str:
    """A metric's title: its registered one, else its own name."""
    name = metric.removeprefix(SAMPLED)
    registered = metric_named(name)
    sampled = " (sampled)" if name != metric else ""
    return f"{registered.title if registered else name}{sampled}"


def mode(metric: str, default: Mode = "max") -> Mode:
    """A metric's better direction; benchmark metrics are scores, so higher is better."""
    found = metric_named(metric.removeprefix(SAMPLED))
    return found.mode if found else default


def best_value(metric: str, values: Iterable[float]) -> float | None:
    """The best of a metric's values; None where fewer than two differ: nothing stands out."""
    distinct = set(values)
    if len(distinct) < 2:
        return None
    return min(distinct) if mode(metric) == "min" else max(distinct)


def short_names(paths: Sequence[str], stages: Sequence[str] = ()) -> dict[str, str]:
    """Column names of parameters: r, LR, Epochs; else the last part; before it the name of its
    stage, of those that `stages` names in order, where several end so; else the path."""
    named = _told_apart(paths, [_of_stage(path, stages) for path in paths], paths)
    found = [SHORT_NAMES.get(path, _last(path)) for path in paths]
    return _told_apart(paths, found, [*named.values()] if stages else paths)


def column_names(paths: Sequence[str], stages: Sequence[str] = ()) -> list[str]:
    """For narrow columns: a path's last part; before it the stage's name (its number where
    `stages` has none) where several end so; the path where that is ambiguous too."""
    numbered = _told_apart(paths, [_of_stage(path, stages) for path in paths], paths)
    return [*_told_apart(paths, [_last(path) for path in paths], [*numbered.values()]).values()]


def _told_apart(
    paths: Sequence[str], names: Sequence[str], longer: Sequence[str]
) -> dict[str, str]:
    """Each path's name, or its longer one where others have the same."""
    found = zip(paths, names, longer, strict=True)
    return {path: name if names.count(name) == 1 else long for path, name, long in found}


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1]


def _of_stage(path: str, stages: Sequence[str]) -> str:
    parts = path.split(".")
    if parts[0] != "stages":
        return path
    known = parts[1].isdecimal() and int(parts[1]) < len(stages)
    return f"{stages[int(parts[1])] if known else parts[1]}.{parts[-1]}"


def stage_names(trial: dict[str, Any]) -> list[str]:
    """Names of a trial's stages in their order, as its section says; [] of one without stages."""
    stages = trial.get("stages") or ()
    return [str(stage.get("name") or n) for n, stage in enumerate(stages)]


def plural(count: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _other_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " + ".join(value_text(v) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{k} {value_text(v)}" for k, v in value.items())
    return value if isinstance(value, str) else json.dumps(value)
