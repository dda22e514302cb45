"""Greedy answers to the questions of a split, in batches sorted by length."""

from typing import TYPE_CHECKING, Any

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
    texts = [""] * len(rows)
    for batch in by_token_budget([len(p) for p in prompts], max_batch_tokens, max_new_tokens):
        generated = _generate(model, tokenizer, [prompts[i] for i in batch], max_new_tokens)
        for i, tokens in zip(batch, generated, strict=True):
            texts[i] = str(tokenizer.decode(tokens, skip_special_tokens=True)).strip()
    return texts


def _generate(model: Any, tokenizer: Any, prompts: list[Any], max_new_tokens: int) -> list[Any]:
    import torch

    width = max(len(p) for p in prompts)
    # padded at the left: every answer begins at the same column
    ids = torch.full((len(prompts), width), int(tokenizer.pad_token_id), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, prompt in enumerate(prompts):
        ids[place, width - len(prompt) :] = torch.from_numpy(prompt.astype("int64"))
        mask[place, width - len(prompt) :] = 1
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            use_cache=True,
            pad_token_id=int(tokenizer.pad_token_id),
        )
    return list(out[:, width:].tolist())
