"""How fast packs of different sizes are on this device: a few steps of each."""

import time

import torch

from trainables.context import ListContext
from trainables.data.prepare import Prepared
from trainables.models.load import device_now, load_base
from trainables.packing.pack import Pack
from trainables.sft.config import SFTConfig

WARM, TIMED = 1, 2
WORTH = 1.1  # a pack twice as large must be this much faster to try one larger still


def step_seconds(config: SFTConfig, prepared: Prepared, largest: int) -> dict[int, float]:
    """Seconds of a step of 1, 2, 4, … trials like `config`, `largest` at most.

    Ends where a larger pack gains less than a tenth, or does not fit in memory.
    """
    base = load_base(config.model, device_now())
    found: dict[int, float] = {}
    size = 1
    while size <= largest:
        pack = Pack(base, config.model)
        try:
            found[size] = _timed(pack, config, prepared, size)
        except torch.OutOfMemoryError:
            break
        finally:
            pack.close()
        if size > 1 and found[size // 2] * 2 < WORTH * found[size]:
            break
        size *= 2
    return found


def _timed(pack: Pack, config: SFTConfig, prepared: Prepared, size: int) -> float:
    long = {"max_steps": 10_000}  # so that no evaluation is due
    for number in range(size):
        training = config.training.model_copy(update={**long, "seed": number})
        evaluation = config.evaluation.model_copy(update={"every_epochs": 10_000.0})
        trial = config.model_copy(update={"training": training, "evaluation": evaluation})
        pack.join(str(number), trial, ListContext(prepared))
    for _ in range(WARM):
        _step(pack)
    began = time.perf_counter()
    for _ in range(TIMED):
        _step(pack)
    return (time.perf_counter() - began) / TIMED


def _step(pack: Pack) -> None:
    for ended in pack.step():
        if ended.error:
            raise ended.error
