"""A DPO trial against a training loop written from the formulas."""

import math
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load
from transformers import AutoModelForCausalLM

from tests.trainables.dpo.trials import config, run
from tests.trainables.reward_model.trials import prepared
from tests.trainables.sft.trials import TOY
from trainables.data.token_rows import TokenRows
from trainables.models.resolve import resolve
from trainables.training.order import step_batches

RATE, SEED, STEPS, BETA = 5e-3, 42, 5, 0.3
TRIAL = config(training={"max_steps": STEPS, "lr_scheduler_type": "constant", "warmup_steps": 0})


def fresh_model() -> Any:
    model = AutoModelForCausalLM.from_pretrained(resolve(TOY), dtype=torch.float32)
    torch.manual_seed(SEED)
    targets = ["q_proj", "v_proj"]
    lora = peft.LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=16, target_modules=targets)
    return peft.get_peft_model(model, lora)


def answer_log_p(model: Any, rows: TokenRows, i: int) -> torch.Tensor:
    """log p of a row's answer, a row at a time without padding."""
    ids = torch.tensor(rows.row(i), dtype=torch.long)
    logp = model(input_ids=ids[None]).logits[0, :-1].log_softmax(-1)
    return logp.gather(1, ids[1:, None])[int(rows.answer_start[i]) - 1 :].sum()


def margin(model: Any, rows: TokenRows, pair: int) -> torch.Tensor:
    with torch.no_grad(), model.disable_adapter():
        reference = [answer_log_p(model, rows, 2 * pair + place) for place in (0, 1)]
    policy = [answer_log_p(model, rows, 2 * pair + place) for place in (0, 1)]
    return (policy[0] - reference[0]) - (policy[1] - reference[1])


def by_hand(rows: TokenRows) -> tuple[list[float], Any]:
    model = fresh_model()
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=RATE, weight_decay=0
    )
    losses = []
    for step in range(STEPS):
        batches = step_batches(len(rows) // 2, 2, 2, SEED, step)
        optimizer.zero_grad()
        total = 0.0
        for batch in batches:
            margins = torch.stack([margin(model, rows, pair) for pair in batch])
            loss = -torch.nn.functional.logsigmoid(BETA * margins).mean() / len(batches)
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(total)
    return losses, model


def test_a_trial_is_the_loop_from_the_formulas() -> None:
    data = prepared()
    reports = run(TRIAL, data=data)
    losses, model = by_hand(data.train)
    assert len(data.train) // 2 == 11  # 3 steps an epoch, the last of two batches
    told = [r.metrics["train_loss"] for r in reports[:-1]]
    assert told == pytest.approx(losses, rel=1e-4)
    assert losses[0] == pytest.approx(math.log(2), rel=1e-5)  # the policy is its reference
    last = [r.checkpoint for r in reports if r.checkpoint][-1]
    expected = peft.get_peft_model_state_dict(model)
    for name, tensor in load(last.adapter).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=2e-5)
    with torch.no_grad():
        margins = [float(margin(model, data.validation, i)) for i in range(5)]
    measured = reports[-2].metrics
    loss = sum(math.log(1 + math.exp(-BETA * m)) for m in margins) / 5
    assert measured["val_loss"] == pytest.approx(loss, rel=1e-4)
    assert measured["pairwise_accuracy"] == sum(m > 0 for m in margins) / 5
