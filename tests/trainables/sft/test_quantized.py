"""NF4 and int8 bases on a CPU: they train, and keep training after an evaluation."""

from typing import Any

import pytest
import torch

from tests.trainables.sft.test_warm_base import anatomy, base_metrics, fresh, warm_model
from tests.trainables.sft.trials import checkpoints, config, essence, run
from trainables.models import load as loading
from trainables.saved import TrialFailed

SHORT = {"num_train_epochs": 1, "gradient_accumulation_steps": 2}


def quantized(kind: str, **training: Any) -> Any:
    return config(
        model={"quantization": kind},
        training={**SHORT, **training},
        lora={"lora_dropout": 0.1},
    )


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_a_quantized_base_trains_after_evaluations(kind: str) -> None:
    reports = fresh(quantized(kind, learning_rate=2e-2, num_train_epochs=3))
    evaluated = [r for r in reports if "val_loss" in r.metrics and not r.final]
    norms = [r.metrics["grad_norm"] for r in reports if not r.final]
    assert len(evaluated) >= 4
    assert min(norms) > 0
    assert evaluated[-1].metrics["val_loss"] < evaluated[0].metrics["val_loss"] - 0.1


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_resume_on_a_quantized_base_is_bit_identical(kind: str) -> None:
    whole = fresh(quantized(kind))
    for number, checkpoint in checkpoints(whole).items():
        resumed = [essence(r) for r in run(quantized(kind), checkpoint)]
        assert resumed == [essence(r) for r in whole[number + 1 :]]


@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_a_quantized_base_is_untouched(kind: str) -> None:
    alone = [essence(r) for r in fresh(quantized(kind))]
    model = warm_model()
    before, weights = anatomy(model), {k: v.clone() for k, v in model.state_dict().items()}
    run(quantized(kind, gradient_checkpointing=True))
    assert anatomy(model) == before
    assert all(torch.equal(v, weights[k]) for k, v in model.state_dict().items())
    assert [essence(r) for r in run(quantized(kind))] == alone


def test_adapters_on_a_quantized_base_keep_all_their_bits() -> None:
    from safetensors.torch import load

    found = [r.checkpoint for r in fresh(quantized("nf4")) if r.checkpoint]
    for tensor in load(found[-1].adapter).values():
        assert tensor.dtype == torch.float32
        assert not torch.equal(tensor, tensor.bfloat16().float())
    start = load(run(quantized("nf4", warmup_steps=50))[0].checkpoint.adapter)  # rate 0: as made
    plain = load(run(quantized("none", warmup_steps=50))[0].checkpoint.adapter)
    assert all(torch.equal(start[name], plain[name]) for name in plain)


def test_the_compute_dtype_does_not_depend_on_the_trial_before() -> None:
    trial = quantized("nf4", max_steps=2)
    alone = [essence(r) for r in fresh(trial)]
    fresh(quantized("nf4", max_steps=2, bf16=True))
    assert [essence(r) for r in run(trial)] == alone


def test_nf4_is_double_quantized() -> None:
    from bitsandbytes.nn import Linear4bit

    fresh(quantized("nf4", max_steps=1))
    layers = [m for m in warm_model().modules() if isinstance(m, Linear4bit)]
    assert len(layers) == 14
    for layer in layers:
        state = layer.weight.quant_state
        assert (state.quant_type, state.nested) == ("nf4", True)
        assert layer.weight.dtype == torch.uint8
        assert layer.compute_dtype == torch.float32
        assert layer.support_avx512bf16_for_cpu is False


def test_int8_holds_bytes() -> None:
    from bitsandbytes.nn import Linear8bitLt

    fresh(quantized("int8", max_steps=1))
    layers = [m for m in warm_model().modules() if isinstance(m, Linear8bitLt)]
    assert len(layers) == 14
    assert {layer.weight.dtype for layer in layers} == {torch.int8}


@pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported(), reason="only AVX512-BF16 CPUs repack 4-bit weights"
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="4-bit weights are repacked on CPUs only")
def test_repacked_weights_would_pass_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    long = config(
        model={"quantization": "nf4"},
        training={"max_steps": 32, "per_device_train_batch_size": 1},  # first evaluated at step 4
        evaluation={"every_epochs": 1},
    )
    loading._warm.clear()
    base_metrics(long)
    assert len(run(long, stop_after=3)) == 3
    monkeypatch.setattr("trainables.models.load.keep_gradients_on_cpu", lambda _: None)
    try:
        loading._warm.clear()
        base_metrics(long)  # the first evaluation repacks the weights
        with pytest.raises(TrialFailed, match="exactly 0 for 3 steps up to step 3"):
            run(long)
    finally:
        loading._warm.clear()


def test_three_steps_without_gradient_fail_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = iter([1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    monkeypatch.setattr(
        "trainables.sft.train.MedsweepTrainer._get_grad_norm", _recorded(lambda: next(norms))
    )
    with pytest.raises(TrialFailed, match="exactly 0 for 3 steps up to step 7"):
        run(config(training={"num_train_epochs": 4, "per_device_train_batch_size": 2}))


def _recorded(norm: Any) -> Any:
    def replacement(trainer: Any, *_: Any, **__: Any) -> float:
        trainer.grad_norm = norm()
        return float(trainer.grad_norm)

    return replacement
