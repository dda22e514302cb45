"""A trial leaves nothing behind on the warm base model, however it ends."""

import gc
from typing import Any

import pytest
import torch

from tests.trainables.sft.trials import config, essence, prepared, run
from trainables.context import ListContext, Report
from trainables.models import load as loading
from trainables.saved import TrialFailed
from trainables.sft.config import SFTConfig
from trainables.training.untouched import evaluate

AFTER = config(training={"num_train_epochs": 1}, evaluation={"max_new_tokens": 8})
EARLIER = {
    "complete": config(training={"num_train_epochs": 1}),
    "gradient checkpointing": config(training={"max_steps": 2, "gradient_checkpointing": True}),
    "mixed precision": config(training={"max_steps": 2, "bf16": True}),
    "a whole module": config(
        training={"max_steps": 2}, lora={"modules_to_save": ["lm_head", "embed_tokens"]}
    ),
    "DoRA": config(training={"max_steps": 2}, lora={"use_dora": True}),
}


def warm_model() -> Any:
    (base,) = loading._warm.values()
    return base.model


def anatomy(model: Any) -> dict[str, Any]:
    """All of a model that a trial could leave changed, except its values."""
    return {
        "attributes": sorted(vars(model)),
        "forward": "forward" in vars(model),
        "config": model.config.to_dict(),
        "generation": model.generation_config.to_dict(),
        "training": [m.training for m in model.modules()],
        "classes": [(name, type(m)) for name, m in model.named_modules()],
        "objects": [id(p) for p in model.parameters()],
        "dtypes": [p.dtype for p in model.parameters()],
        "trainable": [p.requires_grad or p.grad is not None for p in model.parameters()],
        "hooks": [
            len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
            for m in model.modules()
        ],
        "checkpointing": [getattr(m, "gradient_checkpointing", None) for m in model.modules()],
    }


def fresh(trial: SFTConfig) -> list[Report]:
    loading._warm.clear()
    return run(trial)


def base_metrics(trial: SFTConfig = AFTER) -> tuple[dict[str, float], Any]:
    context = ListContext(prepared())
    evaluate(trial, context)
    return dict(context.reports[0].metrics), context.reports[0].predictions


@pytest.fixture(scope="module")
def alone() -> list[dict[str, Any]]:
    return [essence(r) for r in fresh(AFTER)]


def assert_untouched(before: tuple[dict[str, Any], dict[str, torch.Tensor]]) -> None:
    model = warm_model()
    assert anatomy(model) == before[0]
    for name, values in model.state_dict().items():
        assert torch.equal(values, before[1][name]), name


def untouched() -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    loading._warm.clear()
    base_metrics()
    model = warm_model()
    return anatomy(model), {k: v.clone() for k, v in model.state_dict().items()}


@pytest.mark.parametrize("earlier", EARLIER.values(), ids=EARLIER.keys())
def test_the_next_trial_is_as_in_a_fresh_process(
    earlier: SFTConfig, alone: list[dict[str, Any]]
) -> None:
    before = untouched()
    base = base_metrics()
    run(earlier)
    assert_untouched(before)
    assert [essence(r) for r in run(AFTER)] == alone
    assert_untouched(before)
    assert base_metrics() == base


def test_a_stopped_trial_leaves_the_base_untouched(alone: list[dict[str, Any]]) -> None:
    before = untouched()
    stopped = run(EARLIER["gradient checkpointing"], stop_after=1)
    assert len(stopped) == 1
    assert_untouched(before)
    assert [essence(r) for r in run(AFTER)] == alone


def test_a_failed_trial_leaves_the_base_untouched(
    alone: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = untouched()
    with monkeypatch.context() as patch:
        patch.setattr("trainables.sft.train.MedsweepTrainer.grad_norm", 0.0, raising=False)
        patch.setattr("trainables.sft.train.MedsweepTrainer._get_grad_norm", lambda *_a, **_k: 0.0)
        with pytest.raises(TrialFailed):
            run(AFTER)
    assert_untouched(before)
    assert [essence(r) for r in run(AFTER)] == alone


def test_an_adapter_that_cannot_be_put_on_leaves_the_base_untouched() -> None:
    before = untouched()
    with pytest.raises(ValueError, match="not supported"):  # raised when q_proj is wrapped already
        run(config(lora={"target_modules": ["q_proj", "post_attention_layernorm"]}))
    assert_untouched(before)


def live_tensors() -> int:
    gc.unfreeze()
    gc.collect()
    return sum(1 for thing in gc.get_objects() if isinstance(thing, torch.Tensor))


@pytest.mark.filterwarnings("ignore::UserWarning")  # isinstance looks at deprecated objects
@pytest.mark.slow
def test_memory_does_not_grow_from_trial_to_trial() -> None:
    counts = []
    for _ in range(5):
        run(EARLIER["complete"])
        counts.append(live_tensors())
    assert counts[1:] == [counts[1]] * 4
