"""How fast trials train on this device, isolated and in packs of different sizes."""

import torch

from trainables.context import ListContext
from trainables.data.prepared import Prepared
from trainables.models.load import Base, device_now, load_base
from trainables.packing.pack import Pack
from trainables.sft.config import SFTConfig
from trainables.throughput import isolated
from trainables.training.config import SingleTrial

ISOLATED = 0  # the isolated engine's place among the sizes of packs
STEPS = {"ppo": (0, 1)}  # by kind, steps that go first and steps that are timed
WARM, TIMED = 1, 3  # of other kinds
WORTH = 1.1  # a pack twice as large must be this much faster to try one larger still


def tokens_per_second(
    config: SingleTrial, prepared: Prepared, largest: int, alone: tuple[int, int] | None = None
) -> dict[int, float]:
    """Tokens a second, all trials together: isolated (size 0), and packs of 1, 2, 4, … trials like
    `config`, `largest` at most.

    Ends where a larger pack gains less than a tenth, or does not fit in memory. `alone` is how many
    threads an isolated trial has and how many of them run side by side (None: all threads, one);
    their speed is taken to be that of one, times their number.
    """
    base = load_base(config.model, device_now())
    found = {ISOLATED: _isolated(base, config, prepared, alone or (torch.get_num_threads(), 1))}
    size = 1
    while size <= largest:
        try:
            found[size] = _packed(base, config, prepared, size)
        except torch.OutOfMemoryError:
            break
        if size > 1 and found[size] < WORTH * found[size // 2]:
            break
        size *= 2
    return found


def _isolated(base: Base, config: SingleTrial, prepared: Prepared, alone: tuple[int, int]) -> float:
    threads, together = alone
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return together * _alone(base, config, prepared)
    finally:
        torch.set_num_threads(before)


def _alone(base: Base, config: SingleTrial, prepared: Prepared) -> float:
    """In the isolated engine, or where the kind has none in a pack of one."""
    if not isinstance(config, SFTConfig):
        return _packed(base, config, prepared, 1)
    taken = isolated.step_seconds(base, config, prepared.train, WARM + TIMED)[WARM:]
    return _tokens(config, prepared) / sum(taken)


def _packed(base: Base, config: SingleTrial, prepared: Prepared, size: int) -> float:
    trials = [_trial(config, seed) for seed in range(size)]
    pack = Pack(base, config.model)
    try:
        for number, trial in enumerate(trials):
            pack.join(str(number), trial, ListContext(prepared))
        warm, timed = _steps(config)
        _train(pack, warm)
        began = isolated.now()
        _train(pack, warm + timed)
        return sum(_tokens(trial, prepared) for trial in trials) / (isolated.now() - began)
    finally:
        pack.close()


def _trial(config: SingleTrial, seed: int) -> SingleTrial:
    """A trial like `config` with another order of rows, and no evaluation due."""
    training = config.training.model_copy(update={"max_steps": isolated.PLANNED, "seed": seed})
    evaluation = config.evaluation.model_copy(update={"every_epochs": float(isolated.PLANNED)})
    return config.model_copy(update={"training": training, "evaluation": evaluation})


def _tokens(config: SingleTrial, prepared: Prepared) -> int:
    """Tokens of the steps that are timed."""
    warm, timed = _steps(config)
    steps = range(warm, warm + timed)
    return sum(isolated.step_tokens(config, prepared.train, step) for step in steps)


def _steps(config: SingleTrial) -> tuple[int, int]:
    return STEPS.get(config.kind, (WARM, TIMED))


def _train(pack: Pack, steps: int) -> None:
    """Go on until the trials, which are in step, have done so many optimizer steps."""
    while pack.trials["0"].progress.step < steps:
        for ended in pack.step():
            if ended.error:
                raise ended.error
