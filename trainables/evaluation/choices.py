"""Log-likelihoods of several continuations of one prompt; the prompt is computed once.

A question is one row: its prompt, then all options, each of which sees the prompt and itself only
and stands at the positions that follow the prompt. Rows are concatenated without padding, as in
the packed engine.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.forward.budget import CPU_TOKENS, MAX_TOKENS

if TYPE_CHECKING:
    from trainables.forward.adapter import PackedAdapter

Done = Callable[[int, list[float]], None]


class ChoicePrompt(NamedTuple):
    """A prompt and its possible continuations, as token ids; none of them empty. Asked of a packed
    trial's adapter, or of the model as it is."""

    prompt: list[int]
    options: list[list[int]]
    adapter: "PackedAdapter | None" = None

    @property
    def tokens(self) -> list[int]:
        """What the model reads: an option's last token predicts nothing."""
        return [*self.prompt, *(token for option in self.options for token in option[:-1])]

    @property
    def positions(self) -> list[int]:
        """Of each token within its own continuation of the prompt."""
        start = len(self.prompt)
        behind = (start + i for option in self.options for i in range(len(option) - 1))
        return [*range(start), *behind]

    @property
    def branches(self) -> list[int]:
        """0 in the prompt, k in the k-th option."""
        behind = (k for k, o in enumerate(self.options, 1) for _ in range(len(o) - 1))
        return [*(0 for _ in self.prompt), *behind]

    def predicting(self) -> Iterator[tuple[int, int]]:
        """(place of the token whose logits predict it, token) of all options' tokens."""
        last = len(self.prompt) - 1
        place = last
        for option in self.options:
            places = [last, *range(place + 1, place + len(option))]
            yield from zip(places, option, strict=True)
            place += len(option) - 1


def log_likelihoods(
    model: Any,
    asks: Sequence[ChoicePrompt],
    max_batch_tokens: int = MAX_TOKENS,
    done: Done | None = None,
) -> list[list[float]]:
    """ln P(option | prompt) of every option, in nats, summed over its tokens.

    `model` is a causal language model of transformers in evaluation mode, PEFT adapters included,
    or the base of a pack; questions to one of its trials stand together. The values of a question
    do not depend on the others (rounding aside). `done` gets each question's number and values once
    known.
    """
    results: list[list[float]] = [[] for _ in asks]
    if model.device.type == "cpu":
        max_batch_tokens = min(max_batch_tokens, CPU_TOKENS)  # more does not stay in its caches
    for batch in _batches(asks, max_batch_tokens):
        found = _pass(model, [asks[i] for i in batch])
        for i, values in zip(batch, found, strict=True):
            results[i] = values
            if done is not None:
                done(i, values)
    return results


def _batches(asks: Sequence[ChoicePrompt], budget: int) -> Iterator[list[int]]:
    """Question numbers, longest first, in passes of at most `budget` tokens; each in order."""
    sizes = [len(ask.tokens) for ask in asks]
    batch: list[int] = []
    used = 0
    for i in sorted(range(len(asks)), key=lambda i: (-sizes[i], i)):
        if batch and used + sizes[i] > budget:
            yield sorted(batch)
            batch, used = [], 0
        batch.append(i)
        used += sizes[i]
    if batch:
        yield sorted(batch)


def _pass(model: Any, asks: Sequence[ChoicePrompt]) -> list[list[float]]:
    import torch

    from trainables.forward.attention import row_attention
    from trainables.forward.decoding import shares_of
    from trainables.forward.groups import Groups
    from trainables.forward.layout import Layout, active

    device = model.device
    ids = torch.tensor([[token for ask in asks for token in ask.tokens]], device=device)
    positions = torch.tensor([[p for ask in asks for p in ask.positions]], device=device)
    shares = shares_of([ask.adapter for ask in asks], [len(ask.tokens) for ask in asks])
    branches = [ask.branches for ask in asks]
    layout = Layout(shares, Groups([len(ids) for ids in branches], device, branches))
    places, tokens = _wanted(asks)
    kept, index = torch.unique(torch.tensor(places), return_inverse=True)
    with torch.inference_mode(), row_attention(model), active(layout):
        logits = model(
            input_ids=ids,
            position_ids=positions,
            use_cache=False,
            logits_to_keep=kept.to(device),
        ).logits[0]
        exact = torch.promote_types(logits.dtype, torch.float32)
        nats = logits.to(exact).log_softmax(-1)[index.to(device), torch.tensor(tokens)]
    return _sums(nats.double().tolist(), asks)


def _wanted(asks: Sequence[ChoicePrompt]) -> tuple[list[int], list[int]]:
    """(place in the concatenation, token) of all options' tokens, as two lists."""
    places: list[int] = []
    tokens: list[int] = []
    start = 0
    for ask in asks:
        for place, token in ask.predicting():
            places.append(start + place)
            tokens.append(token)
        start += len(ask.tokens)
    return places, tokens


def _sums(values: Sequence[float], asks: Sequence[ChoicePrompt]) -> list[list[float]]:
    left = iter(values)
    return [[sum(islice(left, len(option))) for option in ask.options] for ask in asks]
