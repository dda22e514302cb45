"""Importance: shares with intervals, of a parameter that matters and of those that do not."""

import random

import pytest

from analysis.effects.findings import what_mattered
from analysis.effects.importance import LEAST
from analysis.effects.words import importance_lines, sentences, why_no_importance
from analysis.runs import Run
from tests.analysis.effects.sweeps import sweep

SPACE = {
    "training.learning_rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-3},
    "lora.r": {"values": [8, 16, 32]},
    "lora.lora_alpha": {"values": [16, 32, 64]},
}


def of(count: int) -> Run:
    """The rate matters; alpha follows the rank, and both do nothing."""
    drawn = random.Random(3)
    lines = []
    for i in range(count):
        place, rank = drawn.uniform(-1, 1), (8, 16, 32)[i % 3]
        own = {"training.learning_rate": 10 ** (place - 4), "lora.r": rank}
        loss = 0.7 - 0.1 * place + drawn.gauss(0, 0.01)
        lines.append(({**own, "lora.lora_alpha": 2 * rank}, {"val_loss": loss}))
    return sweep(lines, SPACE)


def test_shares_add_up_and_have_intervals() -> None:
    found = what_mattered(of(18))
    first, second = found.importance["val_loss"]
    assert first.parameters == ("training.learning_rate",)
    assert second.parameters == ("lora.r", "lora.lora_alpha")  # changed together: one share
    assert first.value + second.value == pytest.approx(1)
    for share in (first, second):
        assert 0 <= share.low <= share.value <= share.high <= 1
    assert first.low > 0.5
    assert "training.learning_rate matters most for Val Loss." in sentences(found)
    (line,) = importance_lines(found)
    assert line.startswith("Importance for Val Loss (18 configurations): training.learning_rate ")


def test_the_same_trials_have_the_same_shares() -> None:
    assert what_mattered(of(18)).importance == what_mattered(of(18)).importance


def test_too_few_trials_have_none() -> None:
    found = what_mattered(of(LEAST - 1))
    assert found.findings
    assert found.importance == {}
    assert "with fewer than 12 configurations they say nothing" in why_no_importance(found)
    assert not any("matters most" in s for s in sentences(found))
