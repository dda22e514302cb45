"""What happens where the device's memory is not enough for a call."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from tests.trainables.packing.packs import fields, largest_difference, run_pack
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.context import ListContext
from trainables.forward.passes import TrialRows, train_pass
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.sft import packed

TRIALS = {
    "a": config(training=fields(gradient_accumulation_steps=2, max_steps=6)),
    "b": config(lora=fields(r=3), training=fields(seed=5, max_steps=4)),
}


class Failing:
    """Training passes of which one, by its number, runs out of memory when it is done."""

    def __init__(self, number: int) -> None:
        self.left, self.sizes = number, list[int]()

    def __call__(self, model: Any, parts: Sequence[TrialRows], *options: Any) -> list[float]:
        found = train_pass(model, parts, *options)
        self.left -= 1
        if self.left == 0:
            raise torch.OutOfMemoryError("of the device")
        self.sizes.append(sum(part.tokens for part in parts))
        return found


@pytest.mark.parametrize("number", [1, 2, 4])
def test_the_step_begins_again_in_smaller_calls(
    number: int, double: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where some calls, or a batch, of the step have been through."""
    expected = run_pack(double, TRIALS)
    failing = Failing(number)
    monkeypatch.setattr(packed, "train_pass", failing)
    found = run_pack(double, TRIALS, max_tokens=150)
    for name, reports in found.items():
        assert largest_difference(reports, expected[name]) < 1e-9
    assert max(failing.sizes[number - 1 :]) <= 75


def test_where_one_row_is_too_much_the_trial_that_came_last_ends(
    double: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "train_pass", Failing(1))
    pack = Pack(double, TOY, max_tokens=60)
    for name, trial in TRIALS.items():
        pack.join(name, trial, ListContext(prepared()))
    ((name, error),) = pack.step()
    assert name == "b"
    assert isinstance(error, torch.OutOfMemoryError)
    assert pack.step() == []
    pack.close()
