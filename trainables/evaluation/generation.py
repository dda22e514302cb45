"""What a model writes after prompts, in batches sorted by length: greedy, or drawn by each answer's
own key."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.data.chat_format import chat_format
from trainables.evaluation.batches import by_token_budget

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows
    from trainables.forward.adapter import PackedAdapter


class TokenPrompt(NamedTuple):
    """Token ids to go on from, and a packed trial's adapter to do so with; None: the model as it
    is. `key` (32 bits) is what a sample is drawn with."""

    tokens: Any
    adapter: "PackedAdapter | None" = None
    key: int = 0


def answers(
    model: Any,
    tokenizer: Any,
    rows: "TokenRows",
    max_new_tokens: int,
    max_batch_tokens: int,
) -> list[str]:
    """The greedy answer to each row's prompt."""
    prompts = [TokenPrompt(rows.prompt(i)) for i in range(len(rows))]
    return texts_after(model, tokenizer, prompts, max_new_tokens, max_batch_tokens)


def texts_after(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[TokenPrompt],
    max_new_tokens: int,
    max_batch_tokens: int,
    temperature: float | None = None,
    done: Callable[[int, str], None] = lambda _i, _text: None,
) -> list[str]:
    """The answer to each prompt, stripped; stops at the model's end-of-turn token. Prompts of one
    trial stand together. `done` gets each answer's number and text once known, answers to prompts
    of one length in their order."""
    ends, pad = end_tokens(model, tokenizer), int(tokenizer.pad_token_id)
    texts = [""] * len(prompts)
    lengths = [len(prompt.tokens) for prompt in prompts]
    for batch in by_token_budget(lengths, max_batch_tokens, max_new_tokens):
        numbers = sorted(batch)  # trial by trial
        chosen = [prompts[i] for i in numbers]
        found = continued(model, chosen, max_new_tokens, ends, pad, temperature)
        for i, tokens in zip(numbers, found, strict=True):
            texts[i] = written_text(tokenizer, tokens)
            done(i, texts[i])
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


def continued(
    model: Any,
    prompts: Sequence[TokenPrompt],
    max_new_tokens: int,
    ends: list[int],
    pad: int,
    temperature: float | None = None,
) -> list[list[int]]:
    """A continuation of each prompt (token ids), up to a token in `ends`: the greedy one, or with a
    temperature a sample from the whole distribution."""
    # drawn or not, `generate` takes the largest: its own samples depend on who is in the batch
    how = {"do_sample": False, "temperature": None, "top_k": None}
    if temperature is not None:
        how["logits_processor"] = _drawn(model, prompts, temperature)
    with _adapted(prompts):
        found = generated(model, [p.tokens for p in prompts], max_new_tokens, ends, pad, **how)
    return [_until(ends, answer) for answer in found]


def _drawn(model: Any, prompts: Sequence[TokenPrompt], temperature: float) -> Any:
    """Leaves of each row's logits only those of the token that its key draws."""
    import torch
    from transformers import LogitsProcessorList

    from trainables.forward.sampling import Draw

    keys, width = [prompt.key for prompt in prompts], max(len(p.tokens) for p in prompts)
    draw = Draw(keys, [temperature] * len(keys), model.device)
    rows = torch.arange(len(keys), device=model.device)

    def only_drawn(ids: Any, logits: Any) -> Any:
        tokens = draw(logits, rows, ids.shape[1] - width)
        return torch.full_like(logits, -torch.inf).scatter_(1, tokens[:, None], 0)

    return LogitsProcessorList([only_drawn])


def _adapted(prompts: Sequence[TokenPrompt]) -> AbstractContextManager[None]:
    """Within, the rows of a batch have their adapters."""
    from trainables.forward.decoding import shares_of
    from trainables.forward.layout import Layout, active

    return active(Layout(shares_of([prompt.adapter for prompt in prompts], [1] * len(prompts))))


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
            use_cache=True,
            eos_token_id=ends,
            pad_token_id=pad,
            **{"top_p": None, **options},
        )
    answers: list[list[int]] = out[:, width:].tolist()
    return answers


def through_end(tokens: Sequence[int], ends: Collection[int]) -> list[int]:
    """An answer's tokens with the first that ends it; all of them where none does."""
    for number, token in enumerate(tokens):
        if token in ends:
            return [*tokens[: number + 1]]
    return [*tokens]


def _until(ends: list[int], tokens: list[int]) -> list[int]:
    return list(takewhile(lambda token: token not in ends, tokens))
