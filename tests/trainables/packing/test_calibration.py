"""What steps of packs take: sizes double, until one gains too little or does not fit."""

import pytest
import torch

from tests.trainables.sft.trials import config, prepared
from trainables.models.load import load_base
from trainables.packing import calibration
from trainables.packing.calibration import step_seconds
from trainables.packing.pack import Pack


def scripted(monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float]) -> None:
    def timed(pack: Pack, _config: object, _prepared: object, size: int) -> float:
        if size not in seconds:
            raise torch.OutOfMemoryError
        return seconds[size]

    monkeypatch.setattr(calibration, "_timed", timed)


@pytest.mark.parametrize(
    ("seconds", "largest", "tried"),
    [
        ({1: 1, 2: 1.1, 4: 1.3, 8: 1.8, 16: 3}, 16, [1, 2, 4, 8, 16]),
        ({1: 1, 2: 1.1, 4: 1.3, 8: 1.8, 16: 3}, 6, [1, 2, 4]),
        ({1: 1, 2: 1.1, 4: 2.1, 8: 9}, 16, [1, 2, 4]),  # 4: 1.05 times as fast as 2
        ({1: 1, 2: 1.1}, 16, [1, 2]),  # 4: out of memory
    ],
)
def test_sizes(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float], largest: int, tried: list[int]
) -> None:
    scripted(monkeypatch, seconds)
    assert list(step_seconds(config(), prepared(), largest)) == tried


def test_real_steps_are_measured_and_leave_nothing() -> None:
    trial = config()
    found = step_seconds(trial, prepared(), 2)
    assert set(found) == {1, 2}
    assert all(0 < seconds < 5 for seconds in found.values())
    model = load_base(trial.model, "cpu").model
    assert not [m for m in model.modules() if m._forward_hooks]
