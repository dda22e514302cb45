"""Where trials are paid by totals of their own, they must not choose their step by them: the step
that counts is that of the objective, or of a measure that is the same for all."""

from collections.abc import Iterable, Mapping
from typing import Any

from search_spaces.schema import get_path, set_path
from sweeps.reading.parts import Parts, parts_of
from sweeps.reading.reward_checks import measuring_stage, rewards_weighed, teaches
from sweeps.run_folder.entry import Entry
from sweeps.spec.sections import SweepSpec
from trainables.evaluation.metric_names import REWARD
from trainables.kinds import TrialConfig
from trainables.rewards.config import REWARD_MODEL, short_name
from trainables.rewards.kept_step import UNWEIGHTED

# objectives that are measured at every evaluation, and the measure that chooses their step
AT_EVALUATIONS = {
    **{name: name for name in ("val_loss", "kl", "answer_tokens", "truncated")},
    "perplexity": "val_loss",  # the exponential of it
}

REWARD_TOTAL = "reward"


def kept_by(spec: SweepSpec, earlier: Iterable[Entry] = ()) -> tuple[str, str] | None:
    """The field of a trial that names the measure, and the measure; None where each trial has what
    its configuration says: the total means the same in all trials, or a measure is written, or
    trials that an `earlier` version began know none.
    """
    reward = getattr(spec.trial.stage_trials[-1], "reward", None)
    if reward is None or reward.step_metric != REWARD_TOTAL:
        return None
    parts = parts_of(spec.model_dump(mode="json"))
    section = f"{measuring_stage(parts)[1]}reward"
    if not any(_tells_another(parts, path, section) for path in spec.search.parameters):
        return None
    if any(not entry.is_base and _knows_none(entry, section) for entry in earlier):
        return None
    return f"{section}.step_metric", _measure(parts, section, spec.search.objectives[0].metric)


def _tells_another(parts: Parts, path: str, section: str) -> bool:
    """Whether trials that differ in `path` have totals of different definitions."""
    within = f"{section}.".startswith(f"{path}.") or path.startswith(f"{section}.")
    if within:
        return not path.endswith(".step_metric")
    return REWARD_MODEL in rewards_weighed(parts)[1] and teaches(parts, path)


def _measure(parts: Parts, section: str, objective: str) -> str:
    """The objective where evaluations have it, else the mean of what every trial is paid for."""
    if objective in AT_EVALUATIONS:
        return AT_EVALUATIONS[objective]
    if objective.startswith(REWARD):
        return objective
    some = rewards_weighed(parts)[1]
    shared = sorted(_of_all(parts, section))
    if set(shared) == some:
        return UNWEIGHTED
    return f"{REWARD}{shared[0]}" if shared else "val_loss"


def _of_all(parts: Parts, section: str) -> set[str]:
    """Rewards that every trial is paid for, and that mean the same in all of them; the 0 at the end
    of a range is no value that is hit."""
    ranges = {p for p, own in parts.parameters.items() if own.to_distribution().size() is None}
    hit = {short_name(p.removeprefix(f"{section}.weights.")) for p in ranges}
    always, some = rewards_weighed(parts)
    taught = {REWARD_MODEL} if any(teaches(parts, path) for path in parts.parameters) else set()
    return (always | (hit & some)) - taught


def _knows_none(entry: Entry, section: str) -> bool:
    found = get_path(entry.config, section)
    return isinstance(found, dict) and "step_metric" not in found


def configuration(
    trial: TrialConfig, parameters: Mapping[str, Any], kept: tuple[str, str] | None
) -> dict[str, Any]:
    """A trial's configuration: the spec's own with its parameters, and the measure of its step."""
    content = trial.model_dump(mode="json")
    for path, value in [*parameters.items(), *([kept] if kept else ())]:
        set_path(content, path, value)
    return content
