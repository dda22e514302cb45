"""Steps: planned, evaluated, logged; against transformers' own count."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from transformers import Trainer

from trainables.rungs import RUNGS
from trainables.training.config import TrainingConfig, updates_per_epoch
from trainables.training.evaluation_times import (
    LOG_LINES,
    evaluation_steps,
    logs_at,
    planned_steps,
    rung_steps,
)


class Counting(Trainer):  # type: ignore[misc]
    """A Trainer reduced to its arithmetic."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def get_total_train_batch_size(self, args: Any) -> int:
        return self.batch * int(args.gradient_accumulation_steps)

    def get_sp_size(self) -> int:
        return 1


def by_transformers(rows: int, training: TrainingConfig) -> tuple[int, int]:
    """(steps an epoch, steps in all)."""
    args = SimpleNamespace(
        max_steps=training.max_steps or -1,
        num_train_epochs=training.num_train_epochs,
        gradient_accumulation_steps=training.gradient_accumulation_steps,
    )
    batch = training.per_device_train_batch_size
    counted = Counting(batch).set_initial_training_values(
        args, DataLoader(range(rows), batch_size=batch)
    )
    return counted[1], counted[6]


@given(
    rows=st.integers(1, 500),
    batch=st.integers(1, 16),
    accumulation=st.integers(1, 16),
    epochs=st.floats(0.05, 5),
    max_steps=st.none() | st.integers(1, 50),
)
def test_the_count_is_transformers_own(
    rows: int, batch: int, accumulation: int, epochs: float, max_steps: int | None
) -> None:
    training = TrainingConfig(
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=accumulation,
        num_train_epochs=epochs,
        max_steps=max_steps,
    )
    assert (updates_per_epoch(rows, batch, accumulation), planned_steps(training, rows)) == (
        by_transformers(rows, training)
    )


@given(st.integers(1, 10_000))
def test_rungs_are_the_first_steps_at_or_past_their_share(planned: int) -> None:
    found = rung_steps(planned)
    assert found[planned] == 1.0
    for step, rung in found.items():
        assert 1 <= step <= planned
        assert step >= rung * planned
        assert step == 1 or step - 1 < rung * planned
    if planned >= 8:
        assert sorted(found.values()) == list(RUNGS)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (16, {2: 0.125, 4: 0.25, 8: 0.5, 16: 1.0}),
        (10, {2: 0.125, 3: 0.25, 5: 0.5, 10: 1.0}),
        (3, {1: 0.25, 2: 0.5, 3: 1.0}),  # where several meet, the largest is named
        (1, {1: 1.0}),
    ],
)
def test_rungs_by_hand(planned: int, expected: dict[int, float]) -> None:
    assert rung_steps(planned) == expected


@pytest.mark.parametrize(
    ("planned", "per_epoch", "every", "expected"),
    [
        (16, 8, 0.5, {4, 8, 12, 16, 2}),
        (10, 10, 0.3, {3, 6, 9, 2, 5, 10}),
        (4, 4, 0.01, {1, 2, 3, 4}),
        (12, 4, 100, {2, 3, 6, 12}),
    ],
)
def test_evaluations_by_hand(
    planned: int, per_epoch: int, every: float, expected: set[int]
) -> None:
    assert evaluation_steps(planned, per_epoch, every) == expected


@given(st.integers(1, 5000), st.integers(1, 500), st.floats(0.001, 10))
def test_every_rung_and_the_end_are_evaluated(planned: int, per_epoch: int, every: float) -> None:
    found = evaluation_steps(planned, per_epoch, every)
    assert rung_steps(planned).keys() <= found
    assert min(found) >= 1
    assert max(found) == planned


@given(st.integers(1, 5000))
def test_a_trial_writes_about_25_lines(planned: int) -> None:
    lines = sum(logs_at(step, planned) for step in range(1, planned + 1))
    assert min(planned, LOG_LINES) <= lines < 2 * LOG_LINES


def test_a_stages_rungs_are_at_its_own_shares() -> None:
    assert rung_steps(10, {0.375: 0.125, 0.75: 0.25}) == {4: 0.125, 8: 0.25}
    assert rung_steps(10, {}) == {}
    assert rung_steps(1, {0.25: 0.125, 0.5: 0.25, 1.0: 0.5}) == {1: 0.5}
