"""Batched greedy answers are the one-by-one ones, in order, and end where the turn ends."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.trainables.data.tokenizers import CHATML, ZEPHYR, byte_level
from tests.trainables.sft.trials import TOY, pairs, token_rows_of, toy_tokenizer
from trainables.data.token_rows import TokenRows
from trainables.evaluation.generation import TokenPrompt, answers, end_tokens, texts_after
from trainables.models.load import load_base


@pytest.fixture(scope="module")
def rows() -> TokenRows:
    return token_rows_of(pairs(0, 7), toy_tokenizer())


def one_by_one(model: Any, tokenizer: Any, rows: TokenRows, count: int) -> list[str]:
    """Greedy decoding with neither batches, padding nor a cache."""
    texts = []
    for i in range(len(rows)):
        ids = torch.tensor(rows.prompt(i), dtype=torch.long)[None]
        start = ids.shape[1]
        for _ in range(count):
            with torch.no_grad():
                following = model(ids).logits[0, -1].argmax()
            if int(following) == tokenizer.eos_token_id:
                break
            ids = torch.cat([ids, following.reshape(1, 1)], dim=1)
        texts.append(tokenizer.decode(ids[0, start:], skip_special_tokens=True).strip())
    return texts


@pytest.mark.parametrize("budget", [1, 200, 10_000])
def test_batched_answers_equal_single_ones(rows: TokenRows, budget: int) -> None:
    base = load_base(TOY, "cpu")
    found = answers(base.model, base.tokenizer, rows, 12, budget)
    assert found == one_by_one(base.model, base.tokenizer, rows, 12)
    assert len(set(found)) > 1


def test_a_sample_is_its_key_s_whoever_is_beside_it(rows: TokenRows) -> None:
    base = load_base(TOY, "cpu")
    prompts = [
        TokenPrompt(rows.prompt(i), key=key) for i in range(3) for key in range(7 * i, 7 * i + 7)
    ]

    def drawn(budget: int, temperature: float | None) -> list[str]:
        return texts_after(base.model, base.tokenizer, prompts, 6, budget, temperature)

    together = drawn(10_000, 1.0)
    assert drawn(1, 1.0) == together
    assert len(set(together)) > 15
    assert drawn(10_000, 1e-9) == drawn(10_000, None)


class Parrot:
    """Says the token 'A' as many times as its prompt has tokens modulo 4, then `end`, then 'B'."""

    device = torch.device("cpu")

    def __init__(self, declared: Any, end: int) -> None:
        self.generation_config = SimpleNamespace(eos_token_id=declared)
        self.end = end
        self.calls: list[dict[str, Any]] = []

    def generate(self, input_ids: Any, attention_mask: Any, **options: Any) -> torch.Tensor:
        self.calls.append({"shape": tuple(input_ids.shape), "mask": attention_mask, **options})
        said = torch.full((len(input_ids), options["max_new_tokens"]), ord("B") - 33)
        for row, mask in zip(said, attention_mask, strict=True):
            length = int(mask.sum()) % 4
            row[:length] = ord("A") - 33
            row[length] = self.end
        return torch.cat([input_ids, said], dim=1)


def test_an_answer_ends_with_its_turn_and_the_order_is_restored(rows: TokenRows) -> None:
    tokenizer = toy_tokenizer()
    model = Parrot(None, tokenizer.eos_token_id)
    found = answers(model, tokenizer, rows, 6, 150)
    assert found == ["A" * (len(rows.prompt(i)) % 4) for i in range(len(rows))]
    assert len(model.calls) > 1
    for call in model.calls:
        assert call["do_sample"] is False
        assert call["mask"][:, -1].all(), "padding is at the left"
        assert (call["shape"][1] + 6) * call["shape"][0] <= 150


def test_the_end_of_turn_mark_ends_an_answer_where_the_model_does_not_declare_it() -> None:
    tokenizer = byte_level(CHATML)
    mark = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert mark != tokenizer.eos_token_id
    assert end_tokens(Parrot(None, 0), tokenizer) == sorted([tokenizer.eos_token_id, mark])
    tokenizer.pad_token = tokenizer.eos_token
    chat = token_rows_of(pairs(0, 3), tokenizer)
    assert set(answers(Parrot(None, mark), tokenizer, chat, 5, 1000)) <= {"", "A", "AA", "AAA"}


def test_what_the_model_declares_ends_an_answer_too() -> None:
    tokenizer = byte_level(ZEPHYR)
    eos = tokenizer.eos_token_id
    assert end_tokens(Parrot(None, 0), tokenizer) == [eos]
    assert end_tokens(Parrot(7, 0), tokenizer) == sorted([7, eos])
    assert end_tokens(Parrot([7, 9, eos], 0), tokenizer) == sorted([7, 9, eos])
    assert end_tokens(Parrot(7, 0), byte_level(None)) == sorted([7, eos])
