"""The section, the user's own functions and the weighted total."""

import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from search_spaces.distributions import Simplex
from trainables.errors import InputError
from trainables.rewards.config import RewardConfig, RewardName
from trainables.rewards.registry import REWARDS, rewards_of
from trainables.rewards.weighted import metric_names, weighted

JUDGE = {"base_url": "http://localhost:1/v1", "model": "m"}


def test_the_spec_names_every_reward() -> None:
    assert {*REWARDS, "judge"} == set(get_args(RewardName))


def test_the_default_is_the_four_part_reward() -> None:
    names = ("terminology", "reasoning", "factuality", "safety")
    assert RewardConfig().weights == dict.fromkeys(names, 0.25)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"weights": {"safty": 1}}, "no reward is called 'safty'"),
        ({"weights": {"safety": -1}}, "greater than or equal to 0"),
        ({"weights": {"safety": 0}}, "at least one must be above 0"),
        ({"weights": {}}, "at least one must be above 0"),
        ({"weights": {"judge": 1}}, "needs the section reward.judge"),
        ({"functions": {"safety": "a:b"}}, "cannot name a function"),
        ({"functions": {"mine": "a.b"}}, "must be package.module:function"),
        ({"functions": {"mine": "os; x:y"}}, "must be package.module:function"),
        ({"judge": {**JUDGE, "max_cost_usd": 1}}, "max_cost_usd needs"),
        ({"wieghts": {}}, "Extra inputs"),
    ],
)
def test_mistakes_are_told(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RewardConfig.model_validate(section)


def test_weights_may_come_from_a_simplex() -> None:
    simplex = Simplex(("terminology", "reasoning", "factuality", "safety"))
    sampled = simplex.weights(dict.fromkeys(simplex.components, 0.3))
    config = RewardConfig.model_validate({"weights": sampled})
    assert sum(config.weights.values()) == pytest.approx(1)
    assert list(rewards_of(config)) == list(simplex.components)
    corner = {name: float(name == "safety") for name in simplex.components}
    assert list(rewards_of(RewardConfig(weights=corner))) == ["safety"]


def half(prompts: Any, completions: Any, **columns: Any) -> list[float]:
    return [0.5 for _ in completions]


def test_the_total_is_the_weighted_mean() -> None:
    ones = lambda prompts, completions, **columns: [1.0] * len(completions)  # noqa: E731
    found = weighted({"one": ones, "half": half}, {"one": 1, "half": 3}, ["q", "q"], ["a", "b"])
    assert found.total == pytest.approx([0.625, 0.625])
    assert found.components == {"one": [1.0, 1.0], "half": [0.5, 0.5]}
    assert metric_names({"safety": 1, "brevity": 0}) == ("reward", "reward_safety")
    with pytest.raises(InputError, match="gave 1 values for 2 completions"):
        weighted({"half": lambda p, c: [1.0]}, {"half": 1}, ["q", "q"], ["a", "b"])


def test_own_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_rewards.py").write_text(
        "def length(prompts, completions, **columns):\n"
        "    return [len(c) / 10 for c in completions]\nnumber = 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_rewards", raising=False)

    def own(place: str) -> Any:
        section = {"weights": {"mine": 1}, "functions": {"mine": place}}
        return rewards_of(RewardConfig.model_validate(section))["mine"]

    assert own("own_rewards:length")(["q"], ["abcd"], answer=["x"]) == [0.4]
    with pytest.raises(InputError, match=r"must lie in 0\.\.1"):
        own("own_rewards:length")(["q"], ["a" * 11])
    for place in ("own_rewards:missing", "not_there:f", "own_rewards:number"):
        with pytest.raises(InputError, match=r"reward\.functions\.mine"):
            own(place)


def test_factuality_needs_gold_answers() -> None:
    with pytest.raises(InputError, match="no gold answers"):
        REWARDS["factuality"](["q"], ["a"])
    with pytest.raises(InputError, match="there are 2 prompts"):
        REWARDS["factuality"](["q", "q"], ["a", "b"], answer=["x"])
