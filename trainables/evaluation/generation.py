"""Greedy answers to the questions of a split, in batches sorted by length."""

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from trainables.data.chat import chat_format
from trainables.evaluation.batches import by_token_budget

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows


def answers(
    model: Any,
    tokenizer: Any,
    rows: "TokenRows",
    max_new_tokens: int,
    max_batch_tokens: int,
) -> list[str]:
    """The greedy answer to each row's prompt, stripped; stops at the model's end-of-turn token."""
    prompts = [rows.prompt(i) for i in range(len(rows))]
    ends = end_tokens(model, tokenizer)
    texts = [""] * len(rows)
    for batch in by_token_budget([len(p) for p in prompts], max_batch_tokens, max_new_tokens):
        asked = [prompts[i] for i in batch]
        generated = greedy(model, asked, max_new_tokens, ends, int(tokenizer.pad_token_id))
        for i, tokens in zip(batch, generated, strict=True):
            texts[i] = written_text(tokenizer, tokens)
    return texts


def written_text(tokenizer: Any, tokens: Sequence[int]) -> str:
    """An answer's token ids as text, stripped, without special tokens."""
    return str(tokenizer.decode(tokens, skip_special_tokens=True)).strip()


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer: those the model declares, the tokenizer's end of sequence, and
    the chat format's end-of-turn mark where it is one token (trained for, but not always declared).
    """
    declared = model.generation_config.eos_token_id
    found = {*(declared if isinstance(declared, list) else [declared]), tokenizer.eos_token_id}
    mark = tokenizer(chat_format(tokenizer, None).end_of_turn, add_special_tokens=False)[
        "input_ids"
    ]
    return sorted((found | set(mark if len(mark) == 1 else [])) - {None})


def greedy(
    model: Any, prompts: list[Any], max_new_tokens: int, ends: list[int], pad: int
) -> list[list[int]]:
    """The greedy continuation of each prompt (token ids), up to a token in `ends`."""
    return continued(model, prompts, max_new_tokens, ends, pad)


def continued(
    model: Any,
    prompts: list[Any],
    max_new_tokens: int,
    ends: list[int],
    pad: int,
    temperature: float | None = None,
) -> list[list[int]]:
    """A continuation of each prompt (token ids), up to a token in `ends`: the greedy one, or with a
    temperature a sample from the whole distribution, drawn with torch's generator."""
    sampled = {
        "do_sample": temperature is not None,
        "temperature": temperature,
        "top_k": None if temperature is None else 0,
    }
    found = generated(model, prompts, max_new_tokens, ends, pad, **sampled)
    return [_until(ends, answer) for answer in found]


def generated(
    model: Any, prompts: list[Any], max_new_tokens: int, ends: list[int], pad: int, **options: Any
) -> list[list[int]]:
    """What the model's own `generate` makes of each prompt, given `options`: up to
    `max_new_tokens` ids, with whatever follows a token in `ends`."""
    import torch

    width = max(len(p) for p in prompts)
    # padded at the left: every answer begins at the same column
    ids = torch.full((len(prompts), width), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, prompt in enumerate(prompts):
        ids[place, width - len(prompt) :] = torch.as_tensor(prompt, dtype=torch.long)
        mask[place, width - len(prompt) :] = 1
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_new_tokens,
            top_p=None,
            use_cache=True,
            eos_token_id=ends,
            pad_token_id=pad,
            **options,
        )
    answers: list[list[int]] = out[:, width:].tolist()
    return answers


def _until(ends: list[int], tokens: list[int]) -> list[int]:
    return list(takewhile(lambda token: token not in ends, tokens))
