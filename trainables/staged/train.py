"""One staged trial: its stages as trials of their own, each from the adapter of the one before."""

from collections.abc import Generator
from dataclasses import replace
from importlib import import_module
from typing import Any

from trainables.context import TrialContext
from trainables.kinds import PAIRED, TRAIN
from trainables.rungs import RUNGS
from trainables.saved import Checkpoint, Diverged, TrialFailed
from trainables.staged.alone import stands_alone, without_policy
from trainables.staged.config import StagedConfig
from trainables.staged.data import of_stage
from trainables.staged.elsewhere import fresh_policy, losses_of
from trainables.staged.place import Place, places_of
from trainables.staged.stage import StageContext
from trainables.training.unit import TrainingUnit


def train(config: StagedConfig, context: TrialContext) -> None:
    """Train all stages, or those that a checkpoint leaves, reporting to `context`.

    The final report has the metrics after the last stage, and `stages` in its facts: each stage's
    steps, metrics and validation losses on the rows of all. Raises what a stage's training raises.
    """
    course = stages(config, context)
    for stage in course:
        try:
            _run(stage)
        except TrialFailed as error:
            course.throw(error)


def stages(config: StagedConfig, context: TrialContext) -> Generator[TrainingUnit]:
    """The stages that a checkpoint leaves; the next is asked for when one has been trained.

    Ends early where a stage has not told its end: the trial was stopped. What its training raises
    is thrown in, and raised as what the trial raises.
    """
    start = context.checkpoint
    done: list[dict[str, Any]] = list(start.state.get("finished", ()) if start else ())
    taken = start.state.get("taken") if start else None
    places, trials = places_of(config, context.prepared.stages), config.stage_trials
    if start and without_policy(start):
        start = replace(start, adapter=fresh_policy(trials[len(done)]))
    for number in range(len(done), len(places)):
        place = replace(places[number], before=tuple(done), taken=taken)
        stage = _stage(config, context, place, number, start)
        try:
            yield TrainingUnit(trials[number], stage, stage_rungs(number, len(places)))
            if not stage.over:
                return
            stage.end(losses_of(trials[number], stage))
        except TrialFailed as error:
            kind = Diverged if isinstance(error, Diverged) else TrialFailed
            raise kind(f"stage {place.name}: {error}") from error
        done.append(stage.record)
        taken = None
        if not place.last:
            policy = stage.policy or fresh_policy(trials[number + 1])
            start = stage.hand_over(replace(places[number + 1], before=tuple(done)), policy)


def _run(stage: TrainingUnit) -> None:
    module, name = TRAIN[stage.trial.kind].split(":")
    train_kind = getattr(import_module(module), name)
    train_kind(stage.trial, stage.context, stage.rungs)


def _stage(
    config: StagedConfig, context: TrialContext, place: Place, number: int, start: Checkpoint | None
) -> StageContext:
    paired = [stage.name for stage in config.stages if stage.kind in PAIRED]
    prepared = of_stage(context.prepared, [s.name for s in config.stages], number, paired)
    return StageContext(context, place, prepared, start, stands_alone(config.stages[number]))


def stage_rungs(place: int, count: int) -> dict[float, float]:
    """Share of a stage's planned steps → the rung of the whole trial that is reached there.

    Each stage is an equal part of the trial, however many steps it has: of three stages the rungs
    1/8, 1/4, 1/2 and 1 are 3/8 and 3/4 of the first, half of the second and the end of the third.
    """
    shares = {rung * count - place: rung for rung in RUNGS}
    return {share: rung for share, rung in shares.items() if 0 < share <= 1}
