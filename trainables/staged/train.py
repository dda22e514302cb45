"""One staged trial: its stages as trials of their own, each from the adapter of the one before."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from trainables.context import RUNGS, Checkpoint, TrialContext, TrialFailed
from trainables.kinds import PAIRED, TRAIN, SingleConfig
from trainables.staged.config import RewardStage, StagedConfig
from trainables.staged.data import of_stage
from trainables.staged.elsewhere import fresh_policy, losses_of
from trainables.staged.place import Place, places_of
from trainables.staged.stage import StageContext


def train(config: StagedConfig, context: TrialContext) -> None:
    """Train all stages, or those that a checkpoint leaves, reporting to `context`.

    The final report has the metrics after the last stage, and `stages` in its facts: each stage's
    steps, metrics and validation losses on the rows of all. Raises what a stage's training raises.
    """
    start = context.checkpoint
    done: list[dict[str, Any]] = list(start.state.get("finished", ()) if start else ())
    taken = start.state.get("taken") if start else None
    places, trials = places_of(config, context.prepared.stages), config.stage_trials
    for number in range(len(done), len(places)):
        place = replace(places[number], before=tuple(done), taken=taken)
        stage = _trained(config, context, place, number, start)
        done.append(stage.record)
        taken = None
        if not place.last:
            policy = stage.policy or fresh_policy(trials[number + 1])
            start = stage.hand_over(replace(places[number + 1], before=tuple(done)), policy)


def _trained(
    config: StagedConfig, context: TrialContext, place: Place, number: int, start: Checkpoint | None
) -> StageContext:
    """A stage that has been trained, measured and reported."""
    paired = [stage.name for stage in config.stages if stage.kind in PAIRED]
    prepared = of_stage(context.prepared, [s.name for s in config.stages], number, paired)
    own, trial = config.stages[number], config.stage_trials[number]
    fresh = isinstance(own, RewardStage) and own.start == "fresh"
    stage = StageContext(context, place, prepared, start, fresh)
    try:
        _run(trial, stage, stage_rungs(number, len(config.stages)))
        stage.end(losses_of(trial, stage))
    except TrialFailed as error:
        raise TrialFailed(f"stage {place.name}: {error}") from error
    return stage


def _run(trial: SingleConfig, stage: StageContext, rungs: Mapping[float, float]) -> None:
    module, name = TRAIN[trial.kind].split(":")
    getattr(import_module(module), name)(trial, stage, rungs)


def stage_rungs(place: int, count: int) -> dict[float, float]:
    """Share of a stage's planned steps → the rung of the whole trial that is reached there.

    Each stage is an equal part of the trial, however many steps it has: of three stages the rungs
    1/8, 1/4, 1/2 and 1 are 3/8 and 3/4 of the first, half of the second and the end of the third.
    """
    shares = {rung * count - place: rung for rung in RUNGS}
    return {share: rung for share, rung in shares.items() if 0 < share <= 1}
