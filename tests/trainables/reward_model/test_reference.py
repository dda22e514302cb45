"""A reward model against TRL's RewardTrainer on PEFT's SEQ_CLS model, from the same start."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load
from transformers import AutoModelForSequenceClassification
from trl import RewardConfig, RewardTrainer

from tests.trainables.packing.packs import fields
from tests.trainables.reward_model.trials import config, prepared
from tests.trainables.sft.trials import TOY, toy_tokenizer
from trainables.context import ListContext
from trainables.data.token_rows import TokenRows
from trainables.models.header import tensor_shapes
from trainables.models.load import load_base
from trainables.models.resolve import resolve
from trainables.reward_model.config import RewardModelConfig
from trainables.reward_model.head import fresh_reward_model
from trainables.reward_model.saved import saved_reward_model
from trainables.reward_model.train import train
from trainables.training.order import epoch_order

EPOCHS, SEED = 4, 7
# 12 pairs in batches of 3: 4 steps an epoch
TRIAL = config(
    lora=fields(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"]),
    training=fields(
        seed=SEED,
        learning_rate=1e-2,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=3,
        warmup_steps=0.2,
        weight_decay=0.1,
        max_grad_norm=0.5,
        center_rewards_coefficient=0.05,
    ),
)


def start(folder: Path) -> Any:
    """TRL's model with our first weights."""
    base = load_base(TOY, "cpu")
    ours = fresh_reward_model(base, TRIAL.lora, SEED).export()
    (folder / "adapter_config.json").write_text(json.dumps(ours.config))
    (folder / "adapter_model.safetensors").write_bytes(ours.weights)
    model = AutoModelForSequenceClassification.from_pretrained(
        resolve(TOY), num_labels=1, dtype=torch.float32
    )
    return peft.PeftModel.from_pretrained(model, str(folder), is_trainable=True)


def by_trl(
    rows: TokenRows, folder: Path, trial: RewardModelConfig
) -> tuple[list[float], dict[str, torch.Tensor]]:
    orders = iter([epoch_order(len(rows) // 2, SEED, epoch) for epoch in range(EPOCHS)])

    class Sampler(torch.utils.data.Sampler[int]):
        def __len__(self) -> int:
            return len(rows) // 2

        def __iter__(self) -> Iterator[int]:
            return iter(next(orders))

    class Plain(RewardTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Sampler:
            return Sampler()

    data = [
        {"chosen_ids": rows.row(at).tolist(), "rejected_ids": rows.row(at + 1).tolist()}
        for at in range(0, len(rows), 2)
    ]
    t = trial.training
    trainer = Plain(
        start(folder),
        RewardConfig(
            output_dir=str(folder / "out"),
            seed=SEED,
            learning_rate=t.learning_rate,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=t.per_device_train_batch_size,
            lr_scheduler_type="cosine",
            warmup_steps=t.warmup_steps,
            weight_decay=t.weight_decay,
            max_grad_norm=t.max_grad_norm,
            center_rewards_coefficient=t.center_rewards_coefficient,
            optim="adamw_torch",
            bf16=False,
            use_cpu=True,
            gradient_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(data),
        processing_class=toy_tokenizer(),
    )
    trainer.train()
    trainer.model.save_pretrained(str(folder / "saved"))
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return losses, peft.get_peft_model_state_dict(trainer.model)


def test_a_trial_is_trls(tmp_path: Path) -> None:
    data = prepared(train=12)
    tokenizer = toy_tokenizer()
    # transformers scores at the last token that is not padding, so no row may end with that
    assert all(data.train.row(i)[-1] != tokenizer.pad_token_id for i in range(len(data.train)))
    theirs, wanted = by_trl(data.train, tmp_path, TRIAL)
    context = ListContext(data)
    train(TRIAL, context)
    ours = [r.metrics["train_loss"] for r in context.reports if not r.final]
    assert len(ours) == len(theirs) == 16
    assert ours == pytest.approx(theirs, abs=1e-4)
    last = next(r.checkpoint for r in reversed(context.reports) if r.checkpoint)
    found = load(last.adapter)
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor.detach(), rtol=0, atol=1e-4)
    # what TRL saves can be asked as a reward model here
    saved = saved_reward_model(str(tmp_path / "saved"), tensor_shapes(resolve(TOY)))
    assert load(saved.weights).keys() == wanted.keys()
    moved = [tensor.abs().max() for name, tensor in wanted.items() if "lora_B" in name]
    assert min(moved) > 1e-2
