"""One staged trial: its stages as trials of their own, each from the adapter of the one before."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trainables.context import RUNGS, TrialContext, TrialFailed
from trainables.staged.config import StagedConfig
from trainables.staged.data import of_stage
from trainables.staged.place import Place, places_of
from trainables.staged.stage import StageContext



def train(config: StagedConfig, context: TrialContext) -> None:
    """Train all stages, or those that a checkpoint leaves, reporting to `context`.

    The final report has the metrics after the last stage, and `stages` in its facts: each stage's
    steps, metrics and validation losses on the rows of all. Raises what a stage's training raises.
    """
    start = context.checkpoint
    done: list[dict[str, Any]] = list(start.state.get("finished", ()) if start else ())
    places = places_of(config, context.prepared.stages)
    names = [place.name for place in places]
    taken = start.state.get("taken") if start else None
    for number in range(len(done), len(places)):
        place = replace(places[number], before=tuple(done), taken=taken)
        stage = StageContext(context, place, of_stage(context.prepared, names, number), start)
        _train_stage(place, config.stage_trials[number], stage, stage_rungs(number, len(places)))
        done.append(stage.record)
        taken = None
        if not place.last:
            start = stage.hand_over(replace(places[number + 1], before=tuple(done)))


def _train_stage(
    place: Place, trial: SFTConfig, stage: StageContext, rungs: Mapping[float, float]
) -> None:
    try:
        TRAIN[place.kind](trial, stage, rungs)
    except TrialFailed as error:
        raise TrialFailed(f"stage {place.name}: {error}") from error


def stage_rungs(place: int, count: int) -> dict[float, float]:
    """Share of a stage's planned steps → the rung of the whole trial that is reached there.

    Each stage is an equal part of the trial, however many steps it has: of three stages the rungs
    1/8, 1/4, 1/2 and 1 are 3/8 and 3/4 of the first, half of the second and the end of the third.
    """
    shares = {rung * count - place: rung for rung in RUNGS}
    return {share: rung for share, rung in shares.items() if 0 < share <= 1}
