"""Signs of life: which are given, and what is known of the pace."""

import pytest
import torch

from trainables import heartbeat
from trainables.context import ListContext
from trainables.heartbeat import HEART, Heartbeat


class Clock:
    """A time that passes when one says so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr(heartbeat.time, "monotonic", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


def test_the_longest_time_between_two_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    heart = Heartbeat()
    clock.wait(500)  # a model is loaded: no pace
    heart.beat()
    assert (heart.beats, heart.longest) == (1, 0)
    for seconds in (3, 7, 2):
        clock.wait(seconds)
        heart.beat()
    assert (heart.beats, heart.longest) == (4, 7)
    clock.wait(90)
    heart.rested()  # for want of work
    clock.wait(4)
    heart.beat()
    assert heart.longest == 7
    heart.restart()
    assert (heart.beats, heart.longest) == (0, 0)


def test_every_call_of_the_base_model_and_every_step_beats() -> None:
    from tests.trainables.sft.trials import config, prepared
    from trainables.models.load import device_now, load_base
    from trainables.sft.train import train

    trial = config()
    base = load_base(trial.model, device_now())
    before = HEART.beats
    with torch.inference_mode():
        base.model(torch.tensor([[1, 2, 3]]))
    assert HEART.beats == before + 1
    context = ListContext(prepared())
    train(trial, context)
    steps = context.reports[-1].step
    evaluations = sum("val_loss" in r.metrics for r in context.reports)
    # each step's rows, the step itself, each evaluation, and a token of the answers at a time
    assert HEART.beats - before > 2 * steps + evaluations
