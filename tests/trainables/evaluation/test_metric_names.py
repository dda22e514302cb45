import pytest

from trainables.context import MetricError, check_metrics
from trainables.evaluation.metric_names import METRICS, in_table_order, metric_named, reported


def test_any_reward_has_a_metric_of_its_own() -> None:
    found = metric_named("reward_my_own")
    assert found is not None
    assert (found.mode, found.unit, found.title) == ("max", "0..1", "Reward: my own")
    assert found.kinds == ("ppo", "grpo")
    check_metrics({"reward_my_own": 0.5, "reward": 0.5, "sampled_reward_my_own": 0.1})
    for name in ("reward_", "rewards", "other"):
        assert metric_named(name) is None
        with pytest.raises(MetricError, match="unknown metric"):
            check_metrics({name: 0.5})
    assert metric_named("val_loss") is METRICS["val_loss"]


def test_kinds_report_what_is_theirs() -> None:
    of_rewards = {"reward", "kl", "answer_tokens", "truncated"}
    for kind in ("ppo", "grpo"):
        assert of_rewards <= set(reported((), kind))
    assert not of_rewards & set(reported((), "sft"))
    named = reported((), "grpo", ("safety", "brevity"))
    at = named.index("reward")
    assert named[at : at + 4] == ("reward", "reward_brevity", "reward_safety", "kl")


def test_the_order_of_tables() -> None:
    names = {"odd", "minutes", "reward_b", "reward", "val_loss", "reward_a"}
    assert in_table_order(names) == ["val_loss", "reward", "reward_a", "reward_b", "minutes", "odd"]
