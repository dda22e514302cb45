"""Our trial against plain TRL + PEFT, and against a training loop written from the formulas."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from tests.trainables.sft.trials import TOY, config, prepared, run, toy_tokenizer
from trainables.data.token_rows import TokenRows
from trainables.models.resolve import resolve
from trainables.packing.packable import unpackable
from trainables.training.order import EpochOrder

EPOCHS, BATCH, ACCUMULATION, RATE, DECAY, CLIP, SEED = 2, 2, 4, 2e-2, 0.1, 0.5, 7
# 11 rows: 6 batches an epoch, the last of one row; 2 steps an epoch, the last of two batches
TRIAL = config(
    training={
        "seed": SEED,
        "learning_rate": RATE,
        "num_train_epochs": EPOCHS,
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": ACCUMULATION,
        "warmup_steps": 0.3,
        "weight_decay": DECAY,
        "max_grad_norm": CLIP,
        "max_length": 96,
    },
    lora={"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"]},
)


def orders(rows: int) -> list[list[int]]:
    order = EpochOrder(rows, SEED)
    found = []
    for order.epoch in range(EPOCHS):
        found.append(list(order))
    return found


def fresh_model() -> Any:
    torch.manual_seed(SEED)
    model = AutoModelForCausalLM.from_pretrained(resolve(TOY), dtype=torch.float32)
    torch.manual_seed(SEED)
    lora = peft.LoraConfig(
        task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"]
    )
    return peft.get_peft_model(model, lora)


def by_trl(rows: TokenRows, folder: Path) -> tuple[list[float], dict[str, torch.Tensor]]:
    waiting = iter(orders(len(rows)))

    class Sampler(torch.utils.data.Sampler[int]):
        def __len__(self) -> int:
            return len(rows)

        def __iter__(self) -> Iterator[int]:
            return iter(next(waiting))

    class Plain(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Sampler:
            return Sampler()

    data = []
    for i in range(len(rows)):
        ids, start = rows.row(i).tolist(), int(rows.answer_start[i])
        data.append({"input_ids": ids, "labels": [-100] * start + ids[start:]})
    trainer = Plain(
        fresh_model(),
        SFTConfig(
            output_dir=str(folder),
            seed=SEED,
            learning_rate=RATE,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=ACCUMULATION,
            lr_scheduler_type="cosine",
            warmup_steps=0.3,
            weight_decay=DECAY,
            max_grad_norm=CLIP,
            optim="adamw_torch",
            bf16=False,
            use_cpu=True,
            activation_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_list(data),
        processing_class=toy_tokenizer(),
    )
    trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return losses, peft.get_peft_model_state_dict(trainer.model)


def micro_batches(rows: TokenRows, order: list[int]) -> list[list[tuple[torch.Tensor, int]]]:
    """Optimizer step → its rows: (tokens, where the answer starts)."""
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    steps = [batches[i : i + ACCUMULATION] for i in range(0, len(batches), ACCUMULATION)]
    return [
        [
            (torch.tensor(rows.row(i), dtype=torch.long), int(rows.answer_start[i]))
            for batch in step
            for i in batch
        ]
        for step in steps
    ]


def by_hand(rows: TokenRows, smoothing: float = 0.0) -> tuple[list[float], dict[str, torch.Tensor]]:
    """AdamW (Loshchilov & Hutter 2019) with linear warm-up and a cosine to zero, row by row; the
    loss with label smoothing (Szegedy et al. 2016, section 7)."""
    model = fresh_model().train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    steps = [step for order in orders(len(rows)) for step in micro_batches(rows, order)]
    warm = math.ceil(0.3 * len(steps))
    losses = []
    for number, step in enumerate(steps):
        tokens = sum(len(ids) - start for ids, start in step)
        total = 0.0
        for ids, start in step:
            logits = model(ids[None]).logits[0, start - 1 : -1]
            costs = -logits.log_softmax(-1)  # (answer tokens, vocabulary)
            own = costs.gather(1, ids[start:, None]).sum()
            loss = ((1 - smoothing) * own + smoothing * costs.mean(-1).sum()) / tokens
            loss.backward()
            total += float(loss.detach())
        losses.append(total)
        norm = math.sqrt(sum(float((p.grad**2).sum()) for p in parameters))
        share = (number - warm) / (len(steps) - warm)
        rate = RATE * (number / warm if number < warm else 0.5 * (1 + math.cos(math.pi * share)))
        for p, (first, second) in zip(parameters, moments, strict=True):
            gradient = p.grad * min(1.0, CLIP / (norm + 1e-6))
            first.mul_(0.9).add_(0.1 * gradient)
            second.mul_(0.999).add_(0.001 * gradient**2)
            corrected = first / (1 - 0.9 ** (number + 1))
            scale = (second / (1 - 0.999 ** (number + 1))).sqrt() + 1e-8
            with torch.no_grad():
                p.mul_(1 - rate * DECAY).sub_(rate * corrected / scale)
            p.grad = None
    return losses, peft.get_peft_model_state_dict(model)


@pytest.fixture(scope="module")
def ours() -> tuple[list[float], dict[str, torch.Tensor]]:
    reports = run(TRIAL)
    steps = [r for r in reports if not r.final]
    assert [r.step for r in steps] == [1, 2, 3, 4]
    assert steps[-1].checkpoint is not None
    return [r.metrics["train_loss"] for r in steps], load(steps[-1].checkpoint.adapter)


def assert_same(
    found: tuple[list[float], dict[str, torch.Tensor]],
    wanted: tuple[list[float], dict[str, torch.Tensor]],
    tolerance: float,
) -> None:
    # the trainer adds the losses of a step in float32, whose spacing at 5 is 5e-7
    assert found[0] == pytest.approx(wanted[0], abs=max(tolerance, 1e-6))
    assert found[1].keys() == wanted[1].keys()
    for name, weights in wanted[1].items():
        torch.testing.assert_close(found[1][name], weights.detach(), rtol=0, atol=tolerance)
    moved = [weights.abs().max() for name, weights in wanted[1].items() if "lora_B" in name]
    assert min(moved) > 1e-3  # B starts at zero: all of them have learnt something


def test_a_trial_equals_plain_trl_and_peft(
    ours: tuple[list[float], dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    assert_same(ours, by_trl(prepared().train, tmp_path), 1e-7)


def test_a_trial_equals_a_loop_written_from_the_formulas(
    ours: tuple[list[float], dict[str, torch.Tensor]],
) -> None:
    assert_same(ours, by_hand(prepared().train), 1e-5)


def test_label_smoothing_is_of_the_training_loss_alone(
    ours: tuple[list[float], dict[str, torch.Tensor]],
) -> None:
    reports = run(smoothed(0.2))
    steps = [r for r in reports if not r.final]
    assert steps[-1].checkpoint is not None
    found = [r.metrics["train_loss"] for r in steps], load(steps[-1].checkpoint.adapter)
    assert_same(found, by_hand(prepared().train, smoothing=0.2), 1e-5)
    assert found[0] != pytest.approx(ours[0], abs=1e-2)
    # before anything is learnt: the first step's rate is 0
    assert steps[0].metrics["val_loss"] == run(TRIAL)[0].metrics["val_loss"]
    assert unpackable(smoothed(0.2))
    assert not unpackable(TRIAL)


def smoothed(factor: float) -> Any:
    training = TRIAL.training.model_copy(update={"label_smoothing_factor": factor})
    return TRIAL.model_copy(update={"training": training})


def test_each_epoch_has_its_own_order_of_all_rows() -> None:
    first, second = orders(11)
    assert sorted(first) == sorted(second) == list(range(11))
    assert first != second
    assert orders(11) == [first, second]
    assert list(EpochOrder(11, SEED + 1)) != first
