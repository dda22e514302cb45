"""Numeric paths to one validation loss: the engines, and what else rounds products otherwise."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from sweeps.run_folder.weights import ADAPTER_FILES, write_adapter
from trainables.data.token_rows import TokenRows
from trainables.evaluation.answer_loss import row_losses, summed
from trainables.forward.adapter import saved_adapter
from trainables.forward.lora import attach
from trainables.forward.passes import TrialRows, loss_pass, within_budget
from trainables.models.adapters import worn
from trainables.models.load import Base
from trainables.saved import SavedAdapter

BUDGET = 4096  # tokens of a batch, as `evaluation.max_batch_tokens`
Adapters = Mapping[str, SavedAdapter]
Losses = dict[str, float]  # val_loss by adapter
NumericPath = Callable[[Base, Adapters, TokenRows], Losses]


def packed(base: Base, chosen: Adapters, rows: TokenRows) -> Losses:
    """In the packed engine, all in the same calls."""
    parts = [
        TrialRows(name, saved_adapter(base, adapter), rows, range(len(rows)))
        for name, adapter in chosen.items()
    ]
    sites = {path for part in parts for path in part.adapter.sites}
    hooks = [attach(base.model.get_submodule(path), path) for path in sites]
    nats: dict[str, list[float]] = {name: [] for name in chosen}
    for chunk in within_budget(parts, BUDGET):
        for part, found in zip(chunk, loss_pass(base.model, chunk), strict=True):
            nats[part.trial] += found
    for hook in hooks:
        hook.remove()
    return {name: _loss(rows, own) for name, own in nats.items()}


def alone(base: Base, chosen: Adapters, rows: TokenRows) -> Losses:
    """In the packed engine, one after the other."""
    return {name: packed(base, {name: chosen[name]}, rows)[name] for name in chosen}


def peft(base: Base, chosen: Adapters, rows: TokenRows, budget: int = BUDGET) -> Losses:
    """By PEFT, in padded batches of so many tokens."""
    return {name: _worn_loss(base, chosen[name], rows, budget) for name in chosen}


def row_by_row(base: Base, chosen: Adapters, rows: TokenRows) -> Losses:
    """By PEFT, without any padding."""
    return peft(base, chosen, rows, budget=1)


def eager(base: Base, chosen: Adapters, rows: TokenRows) -> Losses:
    """By PEFT, attention as matrix products and a softmax."""
    config = base.model.config
    before, config._attn_implementation = config._attn_implementation, "eager"
    try:
        return peft(base, chosen, rows)
    finally:
        config._attn_implementation = before


def repacked(base: Base, chosen: Adapters, rows: TokenRows) -> Losses:
    """By PEFT on weights that bitsandbytes packs anew, which cannot be undone: asked last; nothing
    where it would not."""
    from bitsandbytes.functional import has_avx512bf16
    from bitsandbytes.nn import Linear4bit

    layers = [m for m in base.model.modules() if isinstance(m, Linear4bit)]
    if not layers or not has_avx512bf16():
        return {}
    for layer in layers:
        layer.support_avx512bf16_for_cpu = True
    return peft(base, chosen, rows)


def _worn_loss(base: Base, adapter: SavedAdapter, rows: TokenRows, budget: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        write_adapter(Path(folder), adapter)
        with worn(base, (Path(folder) / ADAPTER_FILES[0]).parent) as model:
            return _loss(rows, row_losses(model, rows, budget))


def _loss(rows: TokenRows, nats: list[float]) -> float:
    return summed(rows, nats, range(len(rows))).metrics()["val_loss"]


PATHS: dict[str, NumericPath] = {
    "packed": packed,
    "alone": alone,
    "peft": peft,
    "row by row": row_by_row,
    "eager": eager,
    "float32": peft,
    "repacked": repacked,
}
