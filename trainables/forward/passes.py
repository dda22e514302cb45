"""Calls of the base model on rows of several trials: training, and the loss of answers."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.data.token_rows import TokenRows
from trainables.forward.adapter import PackedAdapter
from trainables.forward.attention import row_attention
from trainables.forward.dropout import token_keys
from trainables.forward.groups import Groups
from trainables.forward.layout import Layout, LayoutPart, active
from trainables.forward.log_probs import chosen_log_probs
from trainables.forward.recomputation import recomputed


class TrialRows(NamedTuple):
    """A trial's rows in a pass."""

    trial: str
    adapter: PackedAdapter
    rows: TokenRows
    chosen: Sequence[int]  # row numbers
    places: Sequence[int] = ()  # in the optimizer step, for dropout
    seed: int = 0
    step: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of the chosen rows."""
        lengths = self.rows.lengths()
        return int(sum(lengths[i] for i in self.chosen))

    @property
    def answer_tokens(self) -> list[int]:
        """Supervised tokens of each chosen row."""
        answer = self.rows.answer_counts()
        return [int(answer[i]) for i in self.chosen]


def within_budget(
    parts: Sequence[TrialRows], budget: int, together: int = 1
) -> Iterator[list[TrialRows]]:
    """The parts in passes of at most `budget` tokens, cut between rows, or between groups of so
    many rows that must stay `together`; a longer one goes alone."""
    batch: list[TrialRows] = []
    used = 0
    for part in parts:
        lengths = part.rows.lengths()
        for at in range(0, len(part.chosen), together):
            rows = list(part.chosen[at : at + together])
            places = list(part.places[at : at + together])
            size = sum(int(lengths[row]) for row in rows)
            if used and used + size > budget:
                yield batch
                batch, used = [], 0
            used += size
            last = batch[-1] if batch else None
            if last and last.trial == part.trial and last.adapter is part.adapter:
                rows, places = [*last.chosen, *rows], [*last.places, *places]
                batch[-1] = part._replace(chosen=rows, places=places)
            else:
                batch.append(part._replace(chosen=rows, places=places))
    if batch:
        yield batch


def train_pass(
    model: Any, parts: Sequence[TrialRows], weights: Sequence[float], recompute: bool = False
) -> list[float]:
    """Add each trial's gradient of (weight x its summed token loss); the weighted losses.

    No sum runs over trials: NaN in one stays there. With `recompute`, activations within the
    layers are computed again in backward.
    """
    device = model.device
    anchor = torch.zeros(1, device=device, requires_grad=True)
    layout = layout_of(parts, device, dropout_keys(parts, device), anchor)
    with row_attention(model), active(layout), recomputed(model, recompute):
        nats, counts = _token_losses(model, parts)  # (answer tokens,), and how many a part
        # (parts,) → (answer tokens,): each token's loss has its trial's weight
        weight = nats.new_tensor(weights).repeat_interleave(torch.tensor(counts, device=device))
        torch.autograd.backward(nats, weight)
    return _sums(nats.detach() * weight, counts)


def loss_pass(model: Any, parts: Sequence[TrialRows]) -> list[list[float]]:
    """Each part's losses, (its rows,): a row's sum over its answer's tokens, in nats."""
    with torch.inference_mode(), row_attention(model), active(layout_of(parts, model.device)):
        nats, _ = _token_losses(model, parts)  # (answer tokens,)
        of_rows = _sums(nats, [count for part in parts for count in part.answer_tokens])
    found, first = [], 0
    for part in parts:
        found.append(of_rows[first : first + len(part.chosen)])
        first += len(part.chosen)
    return found


def layout_of(
    parts: Sequence[TrialRows],
    device: torch.device,
    keys: torch.Tensor | None = None,
    anchor: torch.Tensor | None = None,
) -> Layout:
    """The parts in one concatenation."""
    lengths = [int(part.rows.lengths()[i]) for part in parts for i in part.chosen]
    shares = [LayoutPart(part.adapter, part.tokens) for part in parts]
    return Layout(shares, Groups(lengths, device), keys, anchor)


def dropout_keys(parts: Sequence[TrialRows], device: torch.device) -> torch.Tensor | None:
    """The keys of every token of the parts; None where no adapter drops out."""
    if not any(part.adapter.dropout for part in parts):
        return None
    keys = []
    for part in parts:
        lengths = [int(part.rows.lengths()[i]) for i in part.chosen]
        places = list(zip(part.places, lengths, strict=True))
        keys.append(token_keys(part.seed, part.step, places))
    return torch.from_numpy(np.concatenate(keys)).to(device)


def _token_losses(model: Any, parts: Sequence[TrialRows]) -> tuple[torch.Tensor, list[int]]:
    """(answer tokens,) negative log-likelihoods in nats, and how many there are a part."""
    logits, tokens, counts = answer_logits(model, parts)
    return -chosen_log_probs(logits, tokens), counts


def answer_logits(
    model: Any, parts: Sequence[TrialRows]
) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    """(answer tokens, vocabulary) of logits, the (answer tokens,) that they predict, and how many
    there are a part. Only within an active layout of these parts."""
    joined = concatenation(parts, model.device)
    places = [part.rows.supervised(i) for part in parts for i in part.chosen]
    # where the answers' tokens stand in the concatenation: (answer tokens,)
    rows = zip(joined.first, places, strict=True)
    answer = np.concatenate([first + within for first, within in rows])
    wanted = torch.from_numpy(answer).to(model.device)
    # the logits at position t predict token t + 1: (1, answer tokens, vocabulary) come out
    out = model(**joined.inputs, use_cache=False, logits_to_keep=wanted - 1)
    # squeezed, not [0]: that one's backward fills and copies a matrix as large as the logits
    logits = out.logits.squeeze(0)
    counts = [sum(part.answer_tokens) for part in parts]
    return logits, joined.inputs["input_ids"][0, wanted], counts


class Concatenation(NamedTuple):
    """The rows of a pass one after the other: what the model is given, (1, tokens) each, each
    row's tokens, and where it begins."""

    inputs: dict[str, torch.Tensor]
    lengths: NDArray[np.int64]  # (rows,)
    first: NDArray[np.int64]  # (rows,)


def concatenation(parts: Sequence[TrialRows], device: torch.device) -> Concatenation:
    """The parts' rows in their order; each row's positions begin at 0."""
    rows = [part.rows.row(i).astype(np.int64) for part in parts for i in part.chosen]
    lengths = np.array([len(row) for row in rows])
    positions = np.concatenate([np.arange(n) for n in lengths])
    inputs = {"input_ids": np.concatenate(rows), "position_ids": positions}  # (tokens,) each
    placed = {name: torch.from_numpy(array)[None].to(device) for name, array in inputs.items()}
    return Concatenation(placed, lengths, np.cumsum(lengths) - lengths)


def _sums(values: torch.Tensor, counts: Sequence[int]) -> list[float]:
    """Sums of consecutive runs of `counts` values."""
    parts = torch.split(values, list(counts))
    sums: list[float] = torch.stack([part.sum() for part in parts]).tolist()
    return sums
