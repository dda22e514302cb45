"""NEFTune: noise on the embeddings in training, and nowhere else."""

import math
from typing import Any

import pytest
import torch

from tests.trainables.sft.trials import assert_resumes, config, essence, run
from trainables.packing.packable import unpackable

TRIAL = config(training={"neftune_noise_alpha": 5.0, "max_steps": 8})


def test_the_noise_is_as_large_as_its_paper_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jain et al. 2023: uniform in ± alpha / sqrt(tokens x width)."""
    from transformers.integrations import neftune

    shares: list[float] = []

    def hook(module: Any, given: Any, output: torch.Tensor) -> torch.Tensor:
        noisy: torch.Tensor = plain(module, given, output)
        if module.training:
            largest = 5.0 / math.sqrt(output.shape[1] * output.shape[2])
            shares.append(float((noisy - output).abs().max()) / largest)
        else:
            assert torch.equal(noisy, output)
        return noisy

    plain = neftune.neftune_post_forward_hook
    monkeypatch.setattr(neftune, "neftune_post_forward_hook", hook)
    run(TRIAL)
    assert len(shares) >= 8
    assert all(0.95 < share < 1.0001 for share in shares)


def test_it_changes_what_is_learnt_and_repeats() -> None:
    noisy, again, plain = run(TRIAL), run(TRIAL), run(config(training={"max_steps": 8}))
    assert [essence(r) for r in noisy] == [essence(r) for r in again]
    assert noisy[-1].metrics["val_loss"] != plain[-1].metrics["val_loss"]


def test_it_resumes_to_the_same_numbers() -> None:
    assert_resumes(run, TRIAL, 8)


def test_such_trials_are_not_packed() -> None:
    assert unpackable(TRIAL) == "NEFTune draws noise for a batch of one trial"
