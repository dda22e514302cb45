"""A stage that goes on from none before it: what it leaves is the same behind any of them.

That is a reward model that starts fresh. Its result is cut out of the trial that trained it, and
put behind the stages of another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainables.rewards.config import REWARD_MODEL
from trainables.saved import Checkpoint, SavedAdapter
from trainables.staged.config import AnyStage, RewardStage, StagedConfig
from trainables.staged.place import Place
from trainables.staged.shared import POLICY, hashed, of_other, of_whole, reached

Lines = Sequence[Mapping[str, Any]]
NOTHING = (2).to_bytes(8, "little") + b"{}"  # a safetensors file without tensors


def stands_alone(stage: AnyStage) -> bool:
    """Whether a stage depends on none before it."""
    return isinstance(stage, RewardStage) and stage.start == "fresh"


def alone_keys(config: StagedConfig, rows: Sequence[str]) -> tuple[str | None, ...]:
    """A key for what each stage but the last leaves by itself; None where it needs those before.

    It is a hash of all that determines it: the stage as a trial of its own, its rows (`rows` has a
    key a stage), and its place, by which rungs are shared out.
    """
    stages, keys = config.stages[:-1], []
    for place, (stage, trial, own) in enumerate(
        zip(stages, config.stage_trials, rows, strict=False)
    ):
        where = [place, len(config.stages), stage.name]
        content = [*where, own, trial.model_dump(mode="json")]
        keys.append(hashed(content) if stands_alone(stage) else None)
    return tuple(keys)


def cut_out(
    number: int, places: Sequence[Place], checkpoint: Checkpoint, lines: Lines
) -> tuple[Checkpoint, list[dict[str, Any]]]:
    """What stage `number` left or has so far, without the trial around it: its checkpoint and its
    lines of metrics.jsonl, with its own steps and seconds."""
    place, finished = places[number], checkpoint.state["finished"]
    before = sum(float(record["elapsed"]) for record in finished[:number])
    own = [
        {**x, "step": x["step"] - place.offset, "seconds": x["seconds"] - before}
        for x in lines
        if place.offset < x["step"] <= place.offset + place.own_steps
    ]
    if len(finished) == number:
        step = reached(checkpoint)[1]
        state = {**checkpoint.state, "step": step, "finished": []}
        return replace(checkpoint, state=state, best_adapter=None, frozen={}), own
    state = {"step": place.own_steps, "stage_step": 0, "finished": [finished[number]]}
    model = {REWARD_MODEL: checkpoint.frozen[REWARD_MODEL]}
    return Checkpoint(NOTHING, NOTHING, state, frozen=model), own


def put_behind(
    trial: str, places: Sequence[Place], own: Checkpoint | None, part: Checkpoint, leader: str
) -> Checkpoint:
    """A trial's checkpoint with what `leader` trained of its next stage behind its own; `part` as
    `cut_out` made it. Without `own` the trial is at its beginning."""
    number = reached(own)[0]
    finished = list(own.state.get("finished", ())) if own else []
    policy = _policy(own)
    if part.state["finished"]:
        record = of_other(trial, part.state["finished"][0], leader)
        state = {"step": 0, "updates": 0, "scaler": None}
        start = Checkpoint(policy or NOTHING, NOTHING, state, frozen=part.frozen)
        return of_whole(replace(places[number + 1], before=(*finished, record)), start)
    taken = {"trial": leader, "seconds": part.state.get("seconds", 0.0)}
    place = replace(
        places[number], before=tuple(finished), taken=taken if leader != trial else None
    )
    carried = {POLICY: SavedAdapter({}, policy)} if policy else {}
    earlier = {r: a for r, a in (own.frozen if own else {}).items() if r == REWARD_MODEL}
    state = {name: value for name, value in part.state.items() if name != "taken"}
    return of_whole(place, replace(part, state=state, frozen={**earlier, **carried}))


def lines_behind(places: Sequence[Place], own: Checkpoint | None, lines: Lines) -> Lines:
    """The lines of `cut_out`, as the next stage's of a trial that has come as far as `own`."""
    finished = own.state.get("finished", ()) if own else ()
    place, before = places[len(finished)], sum(float(record["elapsed"]) for record in finished)
    return [
        {**x, "step": x["step"] + place.offset, "seconds": x["seconds"] + before} for x in lines
    ]


def without_policy(checkpoint: Checkpoint) -> bool:
    """Whether a trial that took its first stages over has no adapter of its own yet."""
    return checkpoint.adapter == NOTHING


def _policy(checkpoint: Checkpoint | None) -> bytes | None:
    """The policy's adapter in a trial that is before or within a stage that stands alone."""
    if checkpoint is None:
        return None
    if reached(checkpoint)[1]:
        kept = checkpoint.frozen.get(POLICY)
        return kept.weights if kept else None
    return None if without_policy(checkpoint) else checkpoint.adapter or None
