"""What steps of packs take: sizes double, until one gains too little or does not fit."""

import pytest
import torch

from tests.trainables.sft.trials import config, prepared
from trainables.models.load import load_base
from trainables.throughput import packed
from trainables.throughput.isolated import step_tokens
from trainables.throughput.packed import tokens_per_second


def scripted(monkeypatch: pytest.MonkeyPatch, speeds: dict[int, float]) -> None:
    def packed_tokens(_base: object, _config: object, _prepared: object, size: int) -> float:
        if size not in speeds:
            raise torch.OutOfMemoryError
        return speeds[size]

    monkeypatch.setattr(packed, "_packed", packed_tokens)
    monkeypatch.setattr(packed, "_isolated", lambda *_: 1.0)


@pytest.mark.parametrize(
    ("speeds", "largest", "tried"),
    [
        ({1: 1, 2: 1.8, 4: 3, 8: 4.4, 16: 5.3}, 16, [0, 1, 2, 4, 8, 16]),
        ({1: 1, 2: 1.8, 4: 3, 8: 4.4, 16: 5.3}, 6, [0, 1, 2, 4]),
        ({1: 1, 2: 1.8, 4: 1.9, 8: 9}, 16, [0, 1, 2, 4]),  # 4: 1.06 times as fast as 2
        ({1: 1, 2: 1.8}, 16, [0, 1, 2]),  # 4: out of memory
        ({}, 16, [0]),
    ],
)
def test_sizes(
    monkeypatch: pytest.MonkeyPatch, speeds: dict[int, float], largest: int, tried: list[int]
) -> None:
    scripted(monkeypatch, speeds)
    assert list(tokens_per_second(config(), prepared(), largest)) == tried


def test_real_steps_are_measured_and_leave_nothing() -> None:
    trial = config()
    threads = torch.get_num_threads()
    found = tokens_per_second(trial, prepared(), 2, alone=(1, 1))
    assert set(found) == {0, 1, 2}
    assert all(10 < speed < 1e6 for speed in found.values())
    assert torch.get_num_threads() == threads
    model = load_base(trial.model, "cpu").model
    assert not [m for m in model.modules() if m._forward_hooks]


def test_isolated_trials_side_by_side_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed.isolated, "step_seconds", lambda *_: [9.0, 1.0, 1.0, 2.0])
    trial, data = config(), prepared()
    tokens = sum(step_tokens(trial, data.train, step) for step in (1, 2, 3))
    found = tokens_per_second(trial, data, 0, alone=(1, 5))
    assert found == {0: pytest.approx(5 * tokens / 4)}
