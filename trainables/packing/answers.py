"""Greedy answers of several trials in the same batches, each with its own adapter."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from trainables.data.token_rows import TokenRows
from trainables.evaluation.batches import by_token_budget
from trainables.evaluation.generation import end_tokens, greedy, written_text
from trainables.models.load import Base
from trainables.packing.adapter import PackedAdapter
from trainables.packing.layout import Layout, Share, active


class Questions(NamedTuple):
    """A trial's adapter and the rows whose prompts it answers."""

    adapter: PackedAdapter
    rows: TokenRows


def packed_answers(
    base: Base, asked: Sequence[Questions], max_new_tokens: int, max_batch_tokens: int
) -> list[list[str]]:
    """The answers of each trial, in the order of its rows; see `evaluation.generation.answers`."""
    prompts = [(t, i, q.rows.prompt(i)) for t, q in enumerate(asked) for i in range(len(q.rows))]
    texts = [[""] * len(q.rows) for q in asked]
    ends = end_tokens(base.model, base.tokenizer)
    pad = int(base.tokenizer.pad_token_id)
    lengths = [len(prompt) for _, _, prompt in prompts]
    for batch in by_token_budget(lengths, max_batch_tokens, max_new_tokens):
        chosen = [prompts[i] for i in sorted(batch)]  # trial by trial
        rows_of = Counter(trial for trial, _, _ in chosen)
        shares = [Share(asked[trial].adapter, rows_of[trial]) for trial in sorted(rows_of)]
        with active(Layout(shares)):
            generated = greedy(base.model, [p for _, _, p in chosen], max_new_tokens, ends, pad)
        for (trial, i, _), tokens in zip(chosen, generated, strict=True):
            texts[trial][i] = written_text(base.tokenizer, tokens)
    return texts
