"""A reward model as a function of texts: the same values as transformers' own, and a base that
is left as it was."""

from contextlib import nullcontext
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load
from transformers import AutoModelForSequenceClassification

from tests.trainables.sft.trials import TOY
from trainables.data.chat_format import encode
from trainables.models.adapters import adapted
from trainables.models.config import LoraConfig
from trainables.models.load import Base, load_base
from trainables.reward_model.head import fresh_reward_model
from trainables.reward_model.learned import LearnedReward
from trainables.saved import SavedAdapter

QUESTIONS = ["What is it?", "What is it?", "When is it given, and to whom?"]
ANSWERS = ["A drug.", "Nothing that I have ever heard of.", "Never."]


def saved(base: Base) -> SavedAdapter:
    """A reward model whose matrices are not zero."""
    made = fresh_reward_model(base, LoraConfig(r=3, target_modules="all-linear"), 5)
    generator = torch.Generator().manual_seed(1)
    made.flat.data.add_(torch.randn(made.flat.shape, generator=generator) / 20)
    made.refresh()
    return made.export()


def by_transformers(base: Base, adapter: SavedAdapter, system_prompt: str | None) -> list[float]:
    model = AutoModelForSequenceClassification.from_pretrained(
        base.folder, num_labels=1, pad_token_id=None, dtype=torch.float32
    )
    given = {k: v for k, v in adapter.config.items() if v is not None and k != "inference_mode"}
    judge = peft.get_peft_model(model, peft.LoraConfig(**given)).eval()
    peft.set_peft_model_state_dict(judge, load(adapter.weights))
    found = []
    for question, answer in zip(QUESTIONS, ANSWERS, strict=True):
        row = encode(base.tokenizer, question, answer, system_prompt, 1000)
        assert row is not None
        with torch.no_grad():
            score = judge(input_ids=torch.tensor([row.input_ids])).logits
        found.append(float(torch.sigmoid(score)))
    return found


@pytest.mark.parametrize("system_prompt", [None, "Be brief."])
def test_values_are_those_of_the_sequence_classifier(system_prompt: str | None) -> None:
    base = load_base(TOY, "cpu")
    adapter = saved(base)
    found = LearnedReward(base, adapter, system_prompt)(QUESTIONS, ANSWERS)
    assert found == pytest.approx(by_transformers(base, adapter, system_prompt), abs=1e-6)
    assert max(found) - min(found) > 1e-3


def test_chat_messages_empty_answers_and_columns() -> None:
    base = load_base(TOY, "cpu")
    reward = LearnedReward(base, saved(base), max_batch_tokens=40)
    prompts = [[{"role": "user", "content": question}] for question in QUESTIONS]
    answers = [[{"role": "assistant", "content": answer}] for answer in ANSWERS]
    texts = reward(QUESTIONS, ANSWERS)
    assert reward(prompts, answers, answer=["x"] * 3) == texts
    mixed: list[Any] = [*QUESTIONS, "What?"]
    assert reward(mixed, [*ANSWERS, " "]) == pytest.approx([*texts, 0.0], abs=1e-7)
    assert reward([], []) == []
    alone = reward(QUESTIONS[1:2], ANSWERS[1:2])
    assert alone == pytest.approx(texts[1:2], abs=1e-6)


def test_a_policy_on_the_same_base_changes_nothing_and_is_not_changed() -> None:
    base = load_base(TOY, "cpu")
    adapter = saved(base)
    wanted = LearnedReward(base, adapter)(QUESTIONS, ANSWERS)
    ids = torch.tensor([[1, 2, 3]])
    with adapted(base, LoraConfig(r=2, target_modules="all-linear"), 1) as policy:
        for parameter in policy.parameters():
            if parameter.requires_grad:
                torch.nn.init.normal_(parameter, std=0.3)
        policy.train()
        before = policy(input_ids=ids).logits
        found = LearnedReward(base, adapter, bare=policy.disable_adapter)(QUESTIONS, ANSWERS)
        assert found == wanted
        with_policy = LearnedReward(base, adapter, bare=nullcontext)(QUESTIONS, ANSWERS)
        assert with_policy != pytest.approx(wanted, abs=1e-3)
        assert torch.equal(policy(input_ids=ids).logits, before)
        assert policy.training
        assert all(p.requires_grad == ("lora_" in n) for n, p in policy.named_parameters())
    assert LearnedReward(base, adapter)(QUESTIONS, ANSWERS) == wanted
