"""Which trials are compared with the same measurement of the base model."""

from typing import Any

import pytest

from sweeps.readiness.preparation import base_key
from trainables.kinds import trial_config

MODEL, DATA = {"name_or_path": "toy:llama"}, {"source": "toy:drugs"}
TWO = {"weights": {"brevity": 0.5, "safety": 0.5}}
JUDGE = {"base_url": "https://a/v1", "model": "m"}
JUDGED = {"weights": {"judge": 1}, "judge": JUDGE}


def key(kind: str, **sections: Any) -> str:
    own = {} if kind == "staged" else {"data": DATA}
    return base_key(trial_config({"model": MODEL, **own, "kind": kind, **sections}), "rows")


@pytest.mark.parametrize("kind", ["ppo", "grpo"])
@pytest.mark.parametrize(
    ("same", "one", "other"),
    [
        (True, {"reward": TWO}, {"reward": {"weights": {"safety": 0.1, "brevity": 0.9}}}),
        (False, {"reward": TWO}, {"reward": {"weights": {"brevity": 1, "safety": 0}}}),
        (False, {"reward": JUDGED}, {"reward": {**JUDGED, "judge": {**JUDGE, "model": "n"}}}),
        (False, {"training": {"temperature": 0.7}}, {"training": {"temperature": 0.9}}),
        (True, {"training": {"learning_rate": 1e-4}}, {"training": {"learning_rate": 1e-5}}),
        (False, {}, {"evaluation": {"limit": 3}}),
    ],
)
def test_what_the_base_is_measured_by(
    kind: str, same: bool, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert (key(kind, **one) == key(kind, **other)) is same


def test_of_a_staged_trial_its_last_stage_decides() -> None:
    def staged(sft: float, ppo: float) -> str:
        stages = [
            {"name": "a", "kind": "sft", "data": DATA, "training": {"learning_rate": sft}},
            {"name": "b", "kind": "ppo", "data": DATA, "training": {"temperature": ppo}},
        ]
        return key("staged", stages=stages)

    assert staged(1e-4, 0.5) == staged(1e-5, 0.5) != staged(1e-4, 0.6)


def test_the_loss_of_an_untouched_policy_depends_on_the_loss() -> None:
    assert key("dpo") != key("dpo", training={"loss_type": "ipo"})
    assert key("dpo") == key("dpo", training={"beta": 0.3})
