"""Trials without LoRA: all weights train, in float32, and the base is put back bit by bit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from tests.trainables.sft.test_resume import assert_goes_on, cold
from tests.trainables.sft.test_warm_base import (
    AFTER,
    assert_untouched,
    base_metrics,
    essence,
    fresh,
    untouched,
    warm_model,
)
from tests.trainables.sft.trials import TOY, checkpoints, config, prepared, run
from trainables.context import Report
from trainables.models.load import device_now, load_base
from trainables.models.trained import opened
from trainables.saved import TrialFailed
from trainables.sft.config import SFTConfig

ROUGH = {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 1, "learning_rate": 1e-3}
TOY_PARAMETERS = 107_200


def whole(**sections: dict[str, Any]) -> SFTConfig:
    """As `config`, with all weights trained."""
    return config(**sections).model_copy(update={"lora": None})


EARLIER = {
    "complete": whole(training={"num_train_epochs": 1, "learning_rate": 1e-3}),
    "gradient checkpointing": whole(training={"max_steps": 2, "gradient_checkpointing": True}),
    "mixed precision": whole(training={"max_steps": 2, "bf16": True}),
}


@pytest.mark.parametrize("earlier", EARLIER.values(), ids=EARLIER.keys())
def test_the_next_trial_is_as_in_a_fresh_process(earlier: SFTConfig) -> None:
    alone = [essence(r) for r in fresh(AFTER)]
    before = untouched()
    base = base_metrics()
    trained = run(earlier)
    assert trained[-1].metrics["val_loss"] < base[0]["val_loss"]
    assert_untouched(before)
    assert [essence(r) for r in run(AFTER)] == alone
    assert_untouched(before)
    assert base_metrics() == base


def test_a_stopped_trial_leaves_the_base_untouched() -> None:
    before = untouched()
    assert len(run(EARLIER["complete"], stop_after=1)) == 1
    assert_untouched(before)


def test_a_failed_trial_leaves_the_base_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    before = untouched()
    monkeypatch.setattr("trainables.sft.train.MedsweepTrainer._get_grad_norm", lambda *_a, **_k: 0)
    with pytest.raises(TrialFailed):
        run(EARLIER["complete"])
    assert_untouched(before)


def test_every_weight_moves() -> None:
    reports = run(EARLIER["complete"])
    last = [r for r in reports if r.checkpoint][-1].checkpoint
    assert last
    own = dict(warm_model().named_parameters())
    saved = load(last.adapter)
    assert saved.keys() == own.keys()
    assert all(not torch.equal(saved[name], own[name]) for name in own)
    facts = reports[-1].facts
    assert facts["trainable_parameters"] == facts["total_parameters"] == TOY_PARAMETERS
    assert facts["optimizer_bytes"] == 2 * facts["trained_bytes"] == 8 * TOY_PARAMETERS


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_resume_at_every_evaluation_is_bit_identical(dtype: str) -> None:
    trial = whole(model={"dtype": dtype}, training={**ROUGH, "max_steps": 6})
    cold()
    reports = run(trial)
    saved = checkpoints(reports)
    assert len(saved) >= 4
    for number in saved:
        assert_goes_on(trial, reports, number)


def test_half_precision_has_float32_masters_and_is_measured_as_exported() -> None:
    trial = whole(model={"dtype": "bfloat16"}, training={**ROUGH, "max_steps": 6})
    reports = run(trial)
    best = next(r for r in reversed(reports) if r.adapter)
    assert best.checkpoint
    assert best.adapter
    masters, kept = load(best.checkpoint.adapter), load(best.adapter.weights)
    for name, master in masters.items():
        assert master.dtype == torch.float32
        assert kept[name].dtype == torch.bfloat16
        assert torch.equal(kept[name], master.bfloat16())
    # with bfloat16 weights alone, updates this small would be lost
    assert any(not torch.equal(masters[n], kept[n].float()) for n in masters)
    assert measured(best) == pytest.approx(best.metrics["val_loss"], abs=2e-3)


def measured(report: Report) -> float:
    """The validation loss of the kept weights in a plain model of transformers."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from trainables.evaluation.answer_loss import answer_loss

    assert report.adapter
    assert report.adapter.whole
    settings = LlamaConfig(**report.adapter.config)
    model = LlamaForCausalLM(settings).to(torch.bfloat16).eval()
    model.load_state_dict(load(report.adapter.weights))
    return answer_loss(model, prepared().validation, 4096).metrics()["val_loss"]


def test_plain_trl_trains_the_same_weights(tmp_path: Path) -> None:
    """An independent reference: TRL's own trainer on a model of its own, in float32."""
    import trl
    from transformers import AutoModelForCausalLM

    from trainables.models.resolve import resolve
    from trainables.sft.train import as_dataset
    from trainables.training.order import step_batches

    trial = whole(training={"max_steps": 4, "learning_rate": 1e-3})
    reports = run(trial)
    rows = prepared().train
    order = [i for step in range(4) for batch in step_batches(11, 2, 1, 42, step) for i in batch]
    model = AutoModelForCausalLM.from_pretrained(resolve(TOY))

    class InOrder(trl.SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return order

    arguments = trl.SFTConfig(
        output_dir=str(tmp_path),
        max_steps=4,
        learning_rate=1e-3,
        per_device_train_batch_size=2,
        lr_scheduler_type="cosine",
        warmup_steps=1,
        weight_decay=0.0,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    tokenizer = load_base(TOY, "cpu").tokenizer
    InOrder(
        model=model, args=arguments, train_dataset=as_dataset(rows), processing_class=tokenizer
    ).train()
    last = reports[-2].checkpoint or reports[-1].checkpoint
    assert last
    for name, values in load(last.adapter).items():
        assert torch.allclose(values, model.get_parameter(name), rtol=0, atol=1e-6), name


def test_patience_and_zero_gradients_work_as_with_lora() -> None:
    trial = whole(
        training={**ROUGH, "learning_rate": 0.3, "early_stopping_patience": 1, "warmup_steps": 0}
    )
    reports = run(trial)
    assert reports[-1].final
    assert reports[-1].step < reports[-1].planned_steps


def test_weights_of_another_model_are_refused() -> None:
    from safetensors.torch import save

    from trainables.models.trained import restore

    with (
        opened(load_base(TOY, "cpu"), None, 0) as model,
        pytest.raises(ValueError, match="other weights"),
    ):
        restore(model, save({"x": torch.zeros(1)}))


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_a_quantized_base_cannot_be_trained_whole(quantization: str) -> None:
    with pytest.raises(ValueError, match="quantization: none"):
        SFTConfig.model_validate(
            {
                "model": {"name_or_path": "toy:llama", "quantization": quantization},
                "data": {"source": "toy:drugs"},
                "lora": None,
            }
        )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_float16_on_a_gpu_has_a_loss_scale_and_gives_the_base_back() -> None:
    trial = whole(model={"dtype": "float16"}, training={**ROUGH, "max_steps": 6})
    cold()
    model = load_base(trial.model, device_now()).model
    before = {name: values.clone() for name, values in model.state_dict().items()}
    reports = run(trial)
    last = [r.checkpoint for r in reports if r.checkpoint][-1]
    assert last
    assert last.state["scaler"]["scale"] > 1
    assert all(t.dtype == torch.float32 for t in load(last.adapter).values())
    assert load_base(trial.model, device_now()).model is model
    for name, values in model.state_dict().items():
        assert values.is_cuda
        assert torch.equal(values, before[name]), name
