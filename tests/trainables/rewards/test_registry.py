"""The section, the user's own functions and the weighted total."""

import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from search_spaces.distributions import Simplex
from search_spaces.schema import check_value, field_at
from trainables.errors import InputError
from trainables.rewards.config import RewardConfig, RewardName
from trainables.rewards.registry import REWARDS, rewards_of
from trainables.rewards.weighted import metric_names, weighted
from trainables.section import Section

JUDGE = {"base_url": "http://localhost:1/v1", "model": "m"}


def test_the_spec_names_every_reward() -> None:
    assert {*REWARDS, "judge", "reward_model"} == set(get_args(RewardName))


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
        ({"weights": {"a.b": 1}}, "no reward is called 'a.b'"),
        ({"weights": {"os; x:y": 1}}, "no reward is called"),
        ({"weights": {"a:safety": 1, "safety": 1}}, "would both be called 'safety'"),
        ({"judge": {**JUDGE, "max_cost_usd": 1}}, "max_cost_usd needs"),
        ({"wieghts": {}}, "Extra inputs"),
        ({"judge": {**JUDGE, "base_url": "localhost"}}, "must be an address"),
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


class Trial(Section):
    """A kind with rewards."""

    reward: RewardConfig = RewardConfig()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("reward.weights", {"safety": 0.4, "brevity": 0.6}, None),
        ("reward.weights", {"safty": 0.4, "brevity": 0.6}, "no reward is called 'safty'"),
        ("reward.weights.safety", 0.3, None),
        ("reward.weights.safety", -0.3, "0"),
    ],
)
def test_weights_are_checked_before_anything_starts(
    path: str, value: object, said: str | None
) -> None:
    found = check_value(Trial, path, value)
    assert (found is None) == (said is None)
    assert (said or "") in (found or "")


def test_only_rewards_have_weights() -> None:
    assert field_at(Trial, "reward.weights.safty") is None
    assert field_at(Trial, "reward.weights.safety.more") is None


def half(prompts: Any, completions: Any, **columns: Any) -> list[float]:
    return [0.5 for _ in completions]


def test_the_total_is_the_weighted_mean() -> None:
    ones = lambda prompts, completions, **columns: [1.0] * len(completions)  # noqa: E731
    found = weighted({"one": ones, "half": half}, {"one": 1, "half": 3}, ["q", "q"], ["a", "b"])
    assert found.total == pytest.approx([0.625, 0.625])
    assert found.components == {"one": [1.0, 1.0], "half": [0.5, 0.5]}
    names = metric_names({"safety": 1, "brevity": 0, "my.own:length": 2})
    assert names == ("reward", "reward_safety", "reward_length")
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
        return rewards_of(RewardConfig.model_validate({"weights": {place: 1}}))[place]

    assert own("own_rewards:length")(["q"], ["abcd"], answer=["x"]) == [0.4]
    with pytest.raises(InputError, match=r"must lie in 0\.\.1"):
        own("own_rewards:length")(["q"], ["a" * 11])
    for place in ("own_rewards:missing", "not_there:f", "own_rewards:number"):
        with pytest.raises(InputError, match=r"reward\.weights: "):
            own(place)


def test_factuality_needs_gold_answers() -> None:
    with pytest.raises(InputError, match="no gold answers"):
        REWARDS["factuality"](["q"], ["a"])
    with pytest.raises(InputError, match="there are 2 prompts"):
        REWARDS["factuality"](["q", "q"], ["a", "b"], answer=["x"])
