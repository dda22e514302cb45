"""Adapters to start from: PEFT's files, in both engines; what does not fit is refused."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.packing.packs import run_pack
from tests.trainables.sft.trials import TOY, config, prepared, run
from trainables.errors import InputError
from trainables.evaluation.answer_loss import answer_loss
from trainables.models.config import LoraConfig
from trainables.models.header import tensor_shapes
from trainables.models.load import load_base
from trainables.models.resolve import resolve
from trainables.models.starting import starting_checkpoint

LORA: dict[str, Any] = {"r": 3, "lora_alpha": 5, "target_modules": ["q_proj", "v_proj"]}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """An adapter that PEFT saved, on a model of its own, with weights that matter."""
    import peft
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(resolve(TOY), dtype=torch.float32)
    adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **LORA))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    adapted.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def lora(saved: Path, **changes: Any) -> LoraConfig:
    return LoraConfig.model_validate({**LORA, "adapter_name_or_path": str(saved), **changes})


def start(lora: LoraConfig) -> Any:
    return starting_checkpoint(lora, tensor_shapes(resolve(TOY)))


def test_both_engines_start_where_peft_would(saved: Path) -> None:
    import peft

    trial = config(
        lora={**LORA, "adapter_name_or_path": str(saved)},
        training={"max_steps": 1, "learning_rate": 1e-30, "num_train_epochs": 1},
    )
    checkpoint, data = start(trial.lora), prepared()
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(resolve(TOY), dtype=torch.float32)
    without = answer_loss(plain.eval(), data.validation, 4096).metrics()["val_loss"]
    with_it = peft.PeftModel.from_pretrained(plain, saved).eval()
    wanted = answer_loss(with_it, data.validation, 4096).metrics()["val_loss"]
    assert abs(wanted - without) > 0.01
    isolated = run(trial, checkpoint, data=data)
    packed = run_pack(load_base(TOY, "cpu"), {"a": trial}, {"a": data}, {"a": checkpoint})["a"]
    for reports in (isolated, packed):
        assert reports[-1].step == 1
        assert math.isclose(reports[-1].metrics["val_loss"], wanted, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message", "fix"),
    [
        ({"r": 4}, "has r = 3, the trial has 4", "lora.r: 3"),
        ({"lora_alpha": 6}, "has lora_alpha = 5", "lora.lora_alpha: 5"),
        ({"use_rslora": True}, "has use_rslora = False", "lora.use_rslora: false"),
        ({"target_modules": ["q_proj"]}, "v_proj, unlike the trial", '"q_proj", "v_proj"'),
        ({"target_modules": "all-linear"}, "does not adapt", '"q_proj", "v_proj"'),
        ({"adapter_name_or_path": "no/../name"}, "neither a folder nor", "Check the name"),
    ],
)
def test_what_does_not_fit_is_refused(
    saved: Path, changes: dict[str, Any], message: str, fix: str
) -> None:
    with pytest.raises(InputError) as caught:
        start(lora(saved, **changes))
    assert message in caught.value.message
    assert fix in (caught.value.fix or "")


def rewrite(saved: Path, **changes: Any) -> None:
    path = saved / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda saved: (saved / "adapter_model.safetensors").unlink(), "has no adapter_model"),
        (lambda saved: rewrite(saved, peft_type="LOHA"), "is no LoRA adapter but LOHA"),
        (lambda saved: rewrite(saved, bias="all"), "bias = 'all'"),
        (lambda saved: rewrite(saved, alpha_pattern={"q_proj": 3}), "alpha_pattern"),
    ],
)
def test_a_folder_that_is_no_such_adapter(
    saved: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(saved)
    with pytest.raises(InputError, match=message):
        start(lora(saved))


def test_an_adapter_of_another_size_is_refused(saved: Path) -> None:
    shapes = {name: tuple(2 * n for n in s) for name, s in tensor_shapes(resolve(TOY)).items()}
    with pytest.raises(InputError, match="does not fit"):
        starting_checkpoint(lora(saved), shapes)
    short = {name.removeprefix("model."): s for name, s in tensor_shapes(resolve(TOY)).items()}
    assert starting_checkpoint(lora(saved), short).step == 0
