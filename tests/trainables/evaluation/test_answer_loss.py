"""The loss of the answers' tokens: by hand, and against transformers' own."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.sft.trials import TOY, pairs, token_rows_of, toy_tokenizer
from trainables.data.token_rows import TokenRows
from trainables.evaluation.answer_loss import AnswerLoss, answer_loss
from trainables.models.load import load_base


def rows_of(tokens: list[list[int]], starts: list[int], answer_bytes: list[int]) -> TokenRows:
    """Rows made of token numbers."""
    names = [str(i) for i in range(len(tokens))]
    return TokenRows(
        np.array([t for row in tokens for t in row], np.int32),
        np.cumsum([0, *map(len, tokens)]).astype(np.int64),
        np.array(starts, np.int32),
        np.array(answer_bytes, np.int64),
        *(names, names, names, names),
    )


class Favourite:
    """A model over 4 tokens: token 1 has probability 1/2, the others 1/6, after any text."""

    device = torch.device("cpu")
    odds = (1.0, 3.0, 1.0, 1.0)

    def __call__(self, input_ids: Any, attention_mask: Any, logits_to_keep: int) -> Any:
        logits = torch.log(torch.tensor(self.odds)).expand(*input_ids.shape, 4)
        return SimpleNamespace(logits=logits[:, -logits_to_keep:])


def test_the_loss_by_hand() -> None:
    # answers: (1, 1) and (2); the 1s in the prompts do not count
    rows = rows_of([[0, 1, 1, 1], [1, 1, 1, 3, 2]], starts=[2, 4], answer_bytes=[5, 2])
    loss = answer_loss(Favourite(), rows, 1000)
    nats = 2 * math.log(2) + math.log(6)
    assert loss.nats == pytest.approx(nats, rel=1e-6)
    assert (loss.tokens, loss.answer_bytes) == (3, 7)
    metrics = loss.metrics()
    assert metrics["val_loss"] == pytest.approx(nats / 3)
    assert metrics["perplexity"] == pytest.approx(24 ** (1 / 3))
    assert metrics["bits_per_byte"] == pytest.approx(math.log2(24) / 7)


@pytest.mark.parametrize("budget", [1, 5, 1000])
def test_tokens_weigh_the_same_in_every_batch(budget: int) -> None:
    """One long easy answer and one short hard one: the mean of batch means would differ."""
    rows = rows_of([[0, 1, 1, 1, 1], [0, 2]], starts=[1, 1], answer_bytes=[4, 1])
    metrics = answer_loss(Favourite(), rows, budget).metrics()
    by_token = (4 * math.log(2) + math.log(6)) / 5
    by_batch = (math.log(2) + math.log(6)) / 2
    assert by_batch - by_token > 0.2
    assert metrics["val_loss"] == pytest.approx(by_token, rel=1e-6)
    assert metrics["perplexity"] == pytest.approx(math.exp(by_token), rel=1e-6)


def test_a_hopeless_model_has_a_finite_perplexity() -> None:
    metrics = AnswerLoss(nats=5000.0, tokens=5, answer_bytes=5).metrics()
    assert metrics["val_loss"] == 1000
    assert metrics["perplexity"] == pytest.approx(math.exp(700))
    assert math.isnan(AnswerLoss(math.nan, 5, 5).metrics()["perplexity"])


def transformers_loss(model: Any, rows: TokenRows) -> float:
    """Per row transformers' own mean loss, weighted by the row's answer tokens."""
    total, tokens = 0.0, 0
    for i in range(len(rows)):
        ids = torch.tensor(rows.row(i), dtype=torch.long)[None]
        labels = ids.clone()
        labels[:, : rows.answer_start[i]] = -100
        with torch.no_grad():
            loss = float(model(input_ids=ids, labels=labels).loss)
        count = int((labels != -100).sum())
        total, tokens = total + loss * count, tokens + count
    return total / tokens


@pytest.fixture(scope="module")
def rows() -> TokenRows:
    return token_rows_of(pairs(0, 9), toy_tokenizer())


@pytest.mark.parametrize("budget", [1, 150, 10_000])
def test_against_transformers_in_float32(rows: TokenRows, budget: int) -> None:
    model = load_base(TOY, "cpu").model
    found = answer_loss(model, rows, budget)
    assert found.tokens == rows.answer_tokens()
    assert found.metrics()["val_loss"] == pytest.approx(transformers_loss(model, rows), abs=1e-6)


def test_batches_matter_little_in_bfloat16(rows: TokenRows) -> None:
    model = load_base(TOY.model_copy(update={"dtype": "bfloat16"}), "cpu").model
    exact = answer_loss(load_base(TOY, "cpu").model, rows, 1).metrics()["val_loss"]
    found = [answer_loss(model, rows, budget).metrics()["val_loss"] for budget in (1, 150, 10_000)]
    assert found == pytest.approx([exact] * 3, abs=0.05)
    assert found == pytest.approx([found[0]] * 3, abs=0.02)


def test_the_order_of_the_rows_does_not_matter(rows: TokenRows) -> None:
    model = load_base(TOY, "cpu").model
    backwards = token_rows_of(pairs(0, 9)[::-1], toy_tokenizer())
    assert answer_loss(model, backwards, 200).nats == pytest.approx(
        answer_loss(model, rows, 200).nats, rel=1e-6
    )


def test_a_truncated_row_counts_what_is_left(rows: TokenRows) -> None:
    model = load_base(TOY, "cpu").model
    one = rows.head(1)
    start = int(one.answer_start[0])
    cut = rows_of([one.row(0).tolist()[: start + 2]], starts=[start], answer_bytes=[2])
    assert answer_loss(model, cut, 100).tokens == 2
