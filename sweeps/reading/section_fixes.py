"""What to write where a single value stands for a whole section: `early_stopping: asha`."""

from collections.abc import Callable
from typing import Any, get_args

from search_spaces.values import text_of
from sweeps.reading.document import Path
from sweeps.reading.foreign_values import meant_value
from sweeps.spec.sections import SearchSpec
from trainables.evaluation.metric_names import metric_named


def section_fix(path: Path, given: Any) -> str | None:
    """The fix for a value at the place of a section, or None."""
    place = ".".join(part for part in path if isinstance(part, str))
    rule = FIXES.get(place)
    return rule(given) if rule is not None else None


def _early_stopping(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    rule = meant_value(given, ("asha", "median")) or "asha"
    return "Write null" if given is False else f"Write {{kind: {rule}}}"


def _objective(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    metric = metric_named(given) if isinstance(given, str) else None
    if metric is None:
        return "Write {metric: val_loss, mode: min}"
    return f"Write {{metric: {given}, mode: {metric.mode}}}"


def _wandb(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    if given is False:
        return "Write null"
    project = given if isinstance(given, str) else "NAME"
    return f"Write {{project: {text_of(project)}}}"


def _tracking(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    if str(given).lower() in ("none", "false", "[]"):
        return "Leave it out"
    return "Write {wandb: {project: NAME}} or {tensorboard: true}"


def _confirm(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    if given is False:
        return "Leave it out"
    top = given if type(given) is int and given > 0 else 5
    return f"Write {{top: {top}, seeds: 3}}"


def _lora(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    if given is False:
        return "Write null to train all weights"
    if type(given) is int:
        return f"Write {{r: {given}}}"
    pairs = given if isinstance(given, list) else []
    joined = {k: v for pair in pairs if isinstance(pair, dict) for k, v in pair.items()}
    return f"Write {text_of(joined)}" if joined else "Write {r: 8}, or null to train all weights"


def _baselines(given: Any) -> str | None:
    if isinstance(given, dict):
        return None
    first = given[0] if isinstance(given, list) and given else {}
    return f"Give each a name: {{EXP-01 (Baseline): {text_of(first)}}}"


def _sampler(given: Any) -> str | None:
    if not isinstance(given, dict):
        return None
    named = next((text for text in given.values() if isinstance(text, str)), "tpe")
    meant = meant_value(named, get_args(SearchSpec.model_fields["sampler"].annotation)) or "tpe"
    return f"Write `sampler: {meant}`, and `seed` beside it in search"


def _split(given: Any) -> str:
    """Three shares out of two, of percent, of a mapping, or of the one that is held out."""
    shares = [_number(part) for part in _parts(given)]
    if not shares or any(share is None for share in shares):
        return "Write three shares, of training, validation and test: [0.85, 0.1, 0.05]"
    found = [share for share in shares if share is not None]
    if sum(found) > 1.5:  # percent
        found = [share / 100 for share in found]
    if len(found) == 1:  # what is held out, or what is trained on
        held = found[0] if found[0] < 0.5 else 1 - found[0]
        found = [1 - held, held]
    shown = ", ".join(f"{share:.6g}" for share in [*found, 0, 0][:3])
    return f"Write three shares, of training, validation and test: [{shown}]"


def _parts(given: Any) -> list[Any]:
    if isinstance(given, dict):
        return list(given.values())
    if isinstance(given, str):
        return given.replace("/", " ").replace(",", " ").replace(":", " ").split()
    return given if isinstance(given, list) else [given]


def _number(part: Any) -> float | None:
    try:
        share = float(str(part).rstrip("%")) / (100 if str(part).endswith("%") else 1)
    except ValueError:
        return None
    return share if 0 <= share <= 100 else None


FIXES: dict[str, Callable[[Any], str | None]] = {
    "search.early_stopping": _early_stopping,
    "search.objective": _objective,
    "search.baselines": _baselines,
    "search.sampler": _sampler,
    "tracking": _tracking,
    "tracking.wandb": _wandb,
    "confirm": _confirm,
    "trial.lora": _lora,
    "trial.data.split": _split,
}
