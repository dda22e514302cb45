"""Where reward weights are searched, trials must not choose their step by totals of their own: the
step that counts is that of the objective, or of a measure that is the same for all."""

from collections.abc import Iterable

from search_spaces.schema import get_path
from sweeps.run_folder.entry import Entry
from sweeps.spec.sections import SweepSpec
from trainables.evaluation.metric_names import REWARD
from trainables.rewards.kept_step import UNWEIGHTED

# objectives that are measured at every evaluation, and the measure that chooses their step
AT_EVALUATIONS = {
    **{name: name for name in ("val_loss", "kl", "answer_tokens", "truncated")},
    "perplexity": "val_loss",  # the exponential of it
}


def kept_by(spec: SweepSpec, earlier: Iterable[Entry] = ()) -> tuple[str, str] | None:
    """The field of a trial that names the measure, and the measure; None where each trial has what
    its configuration says: no weights are searched, or a measure is written, or trials that an
    `earlier` version began know none.
    """
    trial = spec.trial.stage_trials[-1]
    stages = len(spec.trial.stage_trials)
    section = f"stages.{stages - 1}.reward" if spec.trial.kind == "staged" else "reward"
    written = getattr(getattr(trial, "reward", None), "step_metric", None)
    if written != "reward" or not any(_weighs(path, section) for path in spec.search.parameters):
        return None
    field = f"{section}.step_metric"
    if any(not entry.is_base and _knows_none(entry, section) for entry in earlier):
        return None
    metric = spec.search.objectives[0].metric
    alone = metric if metric.startswith(REWARD) else UNWEIGHTED
    return field, AT_EVALUATIONS.get(metric, alone)


def _weighs(path: str, section: str) -> bool:
    return path in (section, section.rpartition(".")[0]) or path.startswith(f"{section}.weights")


def _knows_none(entry: Entry, section: str) -> bool:
    found = get_path(entry.config, section)
    return isinstance(found, dict) and "step_metric" not in found
