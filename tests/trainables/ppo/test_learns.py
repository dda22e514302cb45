"""PPO learns: a task whose optimum is known (benchmarks/toy_task.py) is solved."""

from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.ppo_toy import run
from benchmarks.toy_task import (
    FIXED,
    LETTERS,
    answer,
    at_the_end,
    right_places,
    token_score,
    write_model,
)
from trainables.ppo.losses import policy_loss

SETTING: dict[str, Any] = {**FIXED, "learning_rate": 1e-3, "num_mini_batches": 4}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("toy") / "model")


def test_twice_what_can_be_had_without_the_question(model: Path) -> None:
    curve = run(model, {**SETTING, "updates": 40}, [0])[0]
    assert sum(curve[:2]) / 2 < 0.2  # it knows nothing at first
    assert at_the_end(curve) > 0.8  # 0.4 is the most that luck gives


def test_a_wrong_sign_unlearns(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(new: Any, old: Any, advantages: torch.Tensor, *rest: Any) -> Any:
        return policy_loss(new, old, -advantages, *rest)

    monkeypatch.setattr("trainables.ppo.update.policy_loss", wrong)
    assert at_the_end(run(model, {**SETTING, "updates": 20}, [0])[0]) < 0.1


@pytest.mark.slow
@pytest.mark.timeout(1800)  # two minutes by itself; on a busy machine over five
def test_the_optimum_with_every_seed(model: Path) -> None:
    curves = run(model, SETTING, range(5))
    assert {seed for seed, curve in curves.items() if at_the_end(curve) >= 0.95} == set(range(5))


def test_the_reward_by_hand() -> None:
    assert [answer(x) for x in "ae"] == ["bde", "acd"]
    prompts = [[{"role": "user", "content": "a"}], "e", "e", "a", "a", "a"]
    texts = ["bde", "acd", "acda", "b", "", [{"role": "assistant", "content": "edb"}]]
    assert right_places(prompts, texts) == [1, 1, 0.75, 0.25, 0, 0.5]
    # tokens: b d e, the end (7 letters and marks before it), whatever
    end = len(LETTERS) + 2
    assert token_score("a", [1, 3, 4, end]) == 1
    assert token_score("a", [1, 3, 4, 4]) == 0.75
    assert token_score("a", [end, 3, 4, 4]) == 0
