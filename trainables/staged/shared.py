"""What one trial trained, as the beginning of another that has the same first stages."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainables.saved import Checkpoint
from trainables.staged.config import AnyStage, StagedConfig
from trainables.staged.place import Place, StageRecord

# a role of `Checkpoint.frozen`: what a reward model's stage leaves as it was, for the one after it
POLICY = "policy"
LATER = {"neftune_noise_alpha", "label_smoothing_factor", "top_p"}


def stage_keys(config: StagedConfig, data_key: str) -> tuple[str, ...]:
    """A key for the result of each stage but the last, which no other trial can start from.

    It is a hash of all that determines the result: model, adapter, evaluation, the rows of all
    stages (`data_key`), their number (rungs are shared out by it), the settings of this stage and
    those before it, and the seed of what they hand over where they have trained none of it.
    """
    sections = (config.model, config.lora, config.evaluation)
    whole = [data_key, len(config.stages), *(s.model_dump(mode="json") for s in sections)]
    stages = [_settings(stage) for stage in config.stages]
    counts = range(1, len(stages))
    return tuple(hashed([*whole, *stages[:n], *_made_after(config, n)]) for n in counts)


def _made_after(config: StagedConfig, count: int) -> list[int]:
    """The seed of the stage after the first `count`, where these train no policy: with it the
    policy is made that they hand over. Left out where it is the default, as it always was."""
    if any(stage.kind != "reward" for stage in config.stages[:count]):
        return []
    following = config.stages[count].training
    own = type(following).model_fields["seed"].default
    return [following.seed] if following.seed != own else []


def _settings(stage: AnyStage) -> dict[str, Any]:
    """Fields that earlier releases lack count where they are set: their runs share on."""
    settings = stage.model_dump(mode="json")
    own = type(stage.training).model_fields
    for name in LATER & own.keys():
        if settings["training"][name] == own[name].default:
            del settings["training"][name]
    return settings


def hashed(content: Any) -> str:
    """A short hash of what JSON can say."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def reached(checkpoint: Checkpoint | None) -> tuple[int, int]:
    """Stages that are finished, and steps in the one after them: the larger, the further."""
    if checkpoint is None:
        return 0, 0
    state = checkpoint.state
    return len(state.get("finished", ())), int(state.get("stage_step", checkpoint.step))


def is_hand_over(checkpoint: Checkpoint) -> bool:
    """Whether this is what a stage leaves to the next."""
    finished, steps = reached(checkpoint)
    return finished > 0 and steps == 0


def of_whole(place: Place, checkpoint: Checkpoint) -> Checkpoint:
    """The stage's checkpoint as the trial's: its state names the stage and holds those before."""
    state = {
        **checkpoint.state,
        "step": place.offset + checkpoint.step,
        "planned_steps": place.all_steps,
        "stage": place.name,
        "stage_step": checkpoint.step,
        "finished": list(place.before),
        **({"taken": place.taken} if place.taken else {}),
    }
    return replace(checkpoint, state=state)


def as_beginning_of(
    trial: str, places: Sequence[Place], checkpoint: Checkpoint, leader: str
) -> Checkpoint:
    """The checkpoint of `leader` as one of `trial`, whose stages have these places.

    Each finished stage says who trained it, and how long; a stage that the leader left unfinished
    says so in `taken`. Of its own work a trial says nothing.
    """
    state = checkpoint.state
    finished = [of_other(trial, record, leader) for record in state.get("finished", ())]
    state = {**state, "finished": finished, "planned_steps": places[0].all_steps}
    if reached(checkpoint)[1] > 0 and leader != trial:
        state["taken"] = {"trial": leader, "seconds": state.get("seconds", 0.0)}
    return replace(checkpoint, state=state)


def of_other(trial: str, record: StageRecord, leader: str) -> StageRecord:
    """A stage's record in a trial that took the stage over from `leader`, which may have it from a
    third."""
    whole = record.get("shared_seconds") == record["elapsed"]
    source = str(record["shared_from"]) if whole else leader
    return record if source == trial else {**record, **taken_over(source, record["elapsed"])}


def lines_of(places: Sequence[Place], lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Another trial's lines of metrics.jsonl, at the share of this trial's own steps."""
    planned = places[0].all_steps
    return [{**x, "planned_steps": planned, "progress": x["step"] / planned} for x in lines]


def taken_over(trial: str, seconds: float) -> StageRecord:
    """What a stage's record says of the seconds of it that another trial trained."""
    return {"shared_from": trial, "shared_seconds": seconds}


def shared_facts(stages: Sequence[StageRecord]) -> dict[str, float]:
    """`shared_seconds` of a trial, where it took over what others trained."""
    found = [float(stage["shared_seconds"]) for stage in stages if "shared_seconds" in stage]
    return {"shared_seconds": sum(found)} if found else {}
