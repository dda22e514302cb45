"""Cross-entropy of the answers' tokens, and what follows from it."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.evaluation.batches import by_token_budget

if TYPE_CHECKING:
    import torch

    from trainables.data.token_rows import TokenRows


class AnswerLoss(NamedTuple):
    """Sums over all answers: negative log-likelihood in nats, tokens, UTF-8 bytes."""

    nats: float
    tokens: int
    answer_bytes: int

    def metrics(self) -> dict[str, float]:
        """val_loss (nats/token), perplexity = exp of it, bits_per_byte (comparable across
        tokenizers; the end-of-turn token's bits are counted, its bytes are none)."""
        return {
            **self._by_token(),
            "bits_per_byte": self.nats / math.log(2) / self.answer_bytes,
        }

    def facts(self) -> dict[str, float]:
        """val_loss, perplexity, and the tokens and bytes that they are of."""
        return {**self._by_token(), "tokens": self.tokens, "answer_bytes": self.answer_bytes}

    def _by_token(self) -> dict[str, float]:
        loss = self.nats / self.tokens
        # beyond 700 exp overflows a double: report the largest finite loss as such
        return {"val_loss": loss, "perplexity": math.exp(min(loss, 700.0))}


def answer_loss(model: Any, rows: "TokenRows", max_batch_tokens: int) -> AnswerLoss:
    """The loss of every answer token given all before it; weighted by tokens, not batches.

    `model` is any causal language model of transformers in evaluation mode. NaN stays NaN.
    """
    return summed(rows, row_losses(model, rows, max_batch_tokens), range(len(rows)))


def row_losses(model: Any, rows: "TokenRows", max_batch_tokens: int) -> list[float]:
    """(n,) each row's summed negative log-likelihood of its answer, in nats."""
    import torch

    lengths = [len(rows.row(i)) for i in range(len(rows))]
    nats = [0.0] * len(rows)
    with torch.inference_mode():
        for batch in by_token_budget(lengths, max_batch_tokens):
            for i, loss in zip(batch, _batch_losses(model, rows, batch), strict=True):
                nats[i] = loss
    return nats


def summed(rows: "TokenRows", nats: Sequence[float], places: Sequence[int]) -> AnswerLoss:
    """The sums over the rows at `places`; `nats` are those of all rows, (n,)."""
    tokens = rows.answer_counts()
    return AnswerLoss(
        sum(nats[i] for i in places),
        sum(int(tokens[i]) for i in places),
        sum(int(rows.answer_bytes[i]) for i in places),
    )


def by_component(rows: "TokenRows", nats: Sequence[float]) -> dict[str, AnswerLoss]:
    """The sums of each component of a mixture, which add up to those of all rows; {} where there
    is no mixture. Rows that a whole mixture is validated on belong to none."""
    places: dict[str, list[int]] = {}
    for i, name in enumerate(rows.components):
        places.setdefault(name, []).append(i)
    return {name: summed(rows, nats, places[name]) for name in sorted(places) if name}


def _batch_losses(model: Any, rows: "TokenRows", batch: Sequence[int]) -> list[float]:
    import torch

    ids, labels, mask = _padded(rows, batch, model.device)
    first = min(int(rows.supervised(i)[0]) for i in batch)
    # the logits at position t predict token t + 1: keep those from first - 1 on
    keep = ids.shape[1] - first + 1
    logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=keep).logits[:, :-1]
    wanted = labels[:, first:]
    chosen = wanted != -100
    loss = torch.nn.functional.cross_entropy(
        logits[chosen].float(), wanted[chosen], reduction="none"
    )
    each = torch.split(loss, chosen.sum(1).tolist())
    nats: list[float] = torch.stack([row.sum() for row in each]).tolist()
    return nats


def _padded(
    rows: "TokenRows", batch: Sequence[int], device: Any
) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
    """ids, labels (-100 outside the answer) and attention mask, each (rows, longest)."""
    import torch

    width = max(len(rows.row(i)) for i in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    mask = torch.zeros_like(ids)
    for place, i in enumerate(batch):
        row = torch.from_numpy(rows.row(i).astype("int64"))
        ids[place, : len(row)] = row
        learnt = torch.from_numpy(rows.supervised(i))
        labels[place, learnt] = row[learnt]
        mask[place, : len(row)] = 1
    return ids.to(device), labels.to(device), mask.to(device)
