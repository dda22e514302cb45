"""Answers written token by token, one pass of the base model a token for the rows of all trials.

The prompts go through first, concatenated without padding as in training; then each pass carries
one token of every answer that has not ended. transformers' `generate` pads the prompts, copies all
keys and values at every token, and goes on with rows that have ended.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.forward.adapter import PackedAdapter
from trainables.forward.attention import row_attention
from trainables.forward.groups import Groups
from trainables.forward.key_values import KeyValues
from trainables.forward.layout import Layout, LayoutPart, active

# chooses tokens (rows,) of logits (rows, vocabulary), of the answers numbered `rows`, at a place
Choose = Callable[[Tensor, Tensor, int], Tensor]
PROMPT_TOKENS = 2048  # in one pass: more only moves more memory
LIVE_SHARE = 0.75  # below it, ended answers are taken out


def written(
    model: Any,
    prompts: Sequence[Any],
    adapters: Sequence[PackedAdapter],
    choose: Choose,
    new_tokens: int,
    ends: Sequence[int],
) -> list[list[int]]:
    """`new_tokens` ids for each prompt (token ids), those after one of `ends` without meaning.

    `adapters` has each prompt's own; those of one trial stand together.
    """
    with torch.inference_mode(), row_attention(model):
        return _Answers(model, prompts, adapters, ends, new_tokens).written(choose)


class _Answers:
    """Answers being written. `rows` are the numbers of those that have not been taken out."""

    def __init__(
        self,
        model: Any,
        prompts: Sequence[Any],
        adapters: Sequence[PackedAdapter],
        ends: Sequence[int],
        new_tokens: int,
    ) -> None:
        self.model, self.prompts, self.adapters = model, prompts, adapters
        self.device, count = model.device, len(prompts)
        lengths = [len(prompt) for prompt in prompts]
        # (rows,) each; what an answer has so far, its number, whether it has ended
        self.lengths = torch.tensor(lengths, device=self.device)
        self.rows = torch.arange(count, device=self.device)
        self.ended = torch.zeros(count, dtype=torch.bool, device=self.device)
        self.ends = torch.tensor(ends, device=self.device)
        self.new_tokens = new_tokens
        # (answers, new tokens), those taken out too
        self.tokens = torch.zeros(count, new_tokens, dtype=torch.long, device=self.device)
        self.cache = KeyValues(count, max(lengths) + new_tokens)
        self.one_each = self._one_each()

    def written(self, choose: Choose) -> list[list[int]]:
        """All answers' tokens."""
        logits = torch.cat(list(self._after_prompts()))  # (rows, vocabulary)
        for place in range(self.new_tokens):
            tokens = choose(logits, self.rows, place)  # (rows,)
            self.tokens[self.rows, place] = tokens
            self.ended |= torch.isin(tokens, self.ends)  # (rows,)
            live = int((~self.ended).sum())
            if not live or place == self.new_tokens - 1:
                break
            if live < LIVE_SHARE * len(tokens):
                tokens = self._live(tokens)
            logits = self._next(tokens)
        answers: list[list[int]] = self.tokens.tolist()
        return answers

    def _after_prompts(self) -> Iterator[Tensor]:
        """(rows, vocabulary) of the logits after each prompt, a few prompts at a time."""
        for chunk in _within(PROMPT_TOKENS, [len(prompt) for prompt in self.prompts]):
            prompts = [self.prompts[i] for i in chunk]
            lengths = [len(prompt) for prompt in prompts]
            # (tokens,) each: all prompts one after the other, each token's place and row
            ids = torch.from_numpy(np.concatenate(prompts).astype(np.int64)).to(self.device)
            places = torch.from_numpy(np.concatenate([np.arange(n) for n in lengths]))
            places = places.to(self.device)
            rows = torch.repeat_interleave(torch.tensor(chunk), torch.tensor(lengths))
            self.cache.expect(rows.to(self.device), places)
            last = torch.tensor(lengths).cumsum(0).to(self.device) - 1  # (prompts,)
            shares = shares_of([self.adapters[i] for i in chunk], lengths)
            layout = Layout(shares, Groups(lengths, self.device), cache=self.cache)
            yield self._pass(layout, ids, places, last)

    def _next(self, tokens: Tensor) -> Tensor:
        """(rows, vocabulary) of the logits after one more token of every row."""
        self.cache.expect_one_each(self.lengths, self.model.dtype)
        logits = self._pass(self.one_each, tokens, self.lengths, slice(None))
        self.lengths = self.lengths + 1
        return logits

    def _pass(self, layout: Layout, ids: Tensor, places: Tensor, keep: Any) -> Tensor:
        with active(layout):  # (1, tokens) go in
            out = self.model(
                input_ids=ids[None], position_ids=places[None], use_cache=False, logits_to_keep=keep
            )
        logits: Tensor = out.logits[0]  # (kept tokens, vocabulary)
        return logits

    def _live(self, tokens: Tensor) -> Tensor:
        """The tokens of the answers that have not ended; the others are taken out."""
        kept = torch.nonzero(~self.ended)[:, 0]  # (rows that stay,)
        self.cache.keep(kept)
        self.rows, self.lengths = self.rows[kept], self.lengths[kept]
        self.ended = self.ended[kept]
        self.adapters = [self.adapters[i] for i in kept.tolist()]
        self.one_each = self._one_each()
        return tokens[kept]

    def _one_each(self) -> Layout:
        """Of the passes with a token of every answer."""
        return Layout(shares_of(self.adapters, [1] * len(self.adapters)), cache=self.cache)


def _within(budget: int, lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in order, in runs of at most `budget` tokens; a longer row goes alone."""
    chunk: list[int] = []
    for row, length in enumerate(lengths):
        if chunk and sum(lengths[i] for i in chunk) + length > budget:
            yield chunk
            chunk = []
        chunk.append(row)
    yield chunk


def shares_of(adapters: Sequence[PackedAdapter | None], units: Sequence[int]) -> list[LayoutPart]:
    """Neighbours with the same adapter as one share."""
    shares: list[LayoutPart] = []
    for adapter, count in zip(adapters, units, strict=True):
        if shares and shares[-1].adapter is adapter:
            shares[-1] = LayoutPart(adapter, shares[-1].units + count)
        else:
            shares.append(LayoutPart(adapter, count))
    return shares
