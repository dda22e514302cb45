"""What does not fit a trial's steps is told where its rows are known."""

from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.planning.step_warnings import step_warnings
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import TRIAL

REPORT: dict[str, Any] = {"kept": {"train": 80, "validation": 8, "test": 8}}


def told(
    training: dict[str, Any],
    evaluation: dict[str, Any] | None = None,
    report: dict[str, Any] | None = REPORT,
    **search: Any,
) -> list[str]:
    """Of 10 steps an epoch, and one epoch, where nothing else is said."""
    plain = {"num_train_epochs": 1, "per_device_train_batch_size": 8}
    trial = {**TRIAL, "training": {"learning_rate": 1e-3, **plain, **training}}
    trial["evaluation"] = {"metrics": ["perplexity"], **(evaluation or {})}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
    return list(step_warnings(spec, build_space(spec.search.parameters), report))


ASHA = {"early_stopping": {"kind": "asha"}}


@pytest.mark.parametrize(
    ("training", "evaluation", "search", "words"),
    [
        ({"warmup_steps": 10}, {}, {}, ["warmup_steps is 10", "10 steps"]),
        ({"warmup_steps": 0.95}, {}, {}, ["warmup_steps is 0.95"]),
        ({"warmup_steps": 500}, {}, {}, ["warmup_steps is 500", "10 steps"]),
        ({"gradient_accumulation_steps": 16, "warmup_steps": 0}, {}, {}, ["16", "10 batches"]),
        ({}, {"every_epochs": 2}, {}, ["every_epochs is 2 (20 steps)", "10 steps"]),
        ({"max_steps": 3}, {}, ASHA, ["3 steps", "rungs"]),
        (
            {"per_device_train_batch_size": 100, "warmup_steps": 0},
            {},
            {},
            ["is 100", "80 training"],
        ),
    ],
)
def test_each_misfit(training: Any, evaluation: Any, search: Any, words: list[str]) -> None:
    found = told(training, evaluation, **search)
    assert len(found) == 1
    assert all(word in found[0] for word in words)
    assert told(training, evaluation, None, **search) == []  # rows are not known


@pytest.mark.parametrize(
    ("training", "evaluation", "search"),
    [
        ({}, {}, ASHA),
        ({"warmup_steps": 9}, {}, {}),
        ({"warmup_steps": 0.5}, {}, {}),
        ({"warmup_steps": 0}, {}, {}),
        ({"gradient_accumulation_steps": 10, "warmup_steps": 0}, {}, {}),
        ({}, {"every_epochs": 1}, {}),
        ({"max_steps": 3}, {}, {}),  # no early stopping; nobody asked for the evaluations
        ({"max_steps": 2, "warmup_steps": 0.03}, {}, {}),
        ({"max_steps": 8}, {}, ASHA),
    ],
)
def test_what_fits_is_not_told(training: Any, evaluation: Any, search: Any) -> None:
    assert told(training, evaluation, **search) == []


def test_a_searched_value_is_told_with_its_configuration_and_once() -> None:
    found = told(
        {},
        parameters={
            "training.warmup_steps": {"values": [0, 4, 100]},
            "training.num_train_epochs": {"values": [1, 2]},
        },
    )
    assert len(found) == 1
    assert "training.warmup_steps 100" in found[0]
    assert "training.num_train_epochs 1" in found[0]


def test_a_trial_in_stages_says_which() -> None:
    stage = {k: v for k, v in TRIAL.items() if k not in ("model", "lora")}
    late = {**stage, "name": "last", "training": {"learning_rate": 1e-3, "warmup_steps": 999}}
    trial = {
        "kind": "staged",
        "model": TRIAL["model"],
        "lora": TRIAL["lora"],
        "stages": [{**stage, "name": "first"}, late],
    }
    spec = SweepSpec.model_validate({"name": "x", "trial": trial})
    report = {"stages": {"first": REPORT, "last": REPORT}}
    found = step_warnings(spec, build_space({}), report)
    assert [text.partition(":")[0] for text in found] == ["stage last"]
