"""What a trial was trained on, in words: its data set, or the shares of a mixture."""

from typing import Any

from analysis.runs import Run, TrialView, look_up
from analysis.wording import MISSING
from trainables.data.components import weights_of
from trainables.data.config import DataConfig
from trainables.data.pairs.config import AnyData, PairsConfig
from trainables.kinds import PAIRED, kind_of


def data_of(config: dict[str, Any]) -> AnyData | None:
    """The data section of a resolved trial; None where it is of another version."""
    section: type[AnyData] = PairsConfig if kind_of(config) in PAIRED else DataConfig
    try:
        return section.model_validate(config.get("data") or {})
    except ValueError:
        return None


def data_name(config: dict[str, Any]) -> str:
    """The source, or `mixture of a, b`; of stages all of them in order, `a → b`."""
    if stages := config.get("stages"):
        return " → ".join(data_name(s) if s.get("data") else str(s.get("name")) for s in stages)
    data = data_of(config)
    if data is None or not data.mixture:
        return str(look_up(config, "data.source") or MISSING)
    return f"mixture of {', '.join(part.label for part in data.mixture)}"


def data_names(run: Run) -> str:
    """Those of all trials of a run, in order of first use."""
    configs = [t.config for t in run.trials if t.config] or [run.trial]
    return ", ".join(dict.fromkeys(map(data_name, configs)))


def trained_on(trial: TrialView) -> str:
    """Shares of the training rows by data set (`pubmedqa 70%, general 30%`), else the source."""
    data = data_of(trial.config)
    if data is None or not data.mixture:
        return data_name(trial.config)
    weights = None if isinstance(data, PairsConfig) else weights_of(data)
    if weights is None:
        return "all rows"
    total = sum(weights.values())
    return ", ".join(f"{name} {w / total:.0%}" for name, w in weights.items() if w)
