"""How much each weight matters to given rows: the diagonal of the Fisher information.

F = mean over rows of (∂ log p(answer | question) / ∂ w)², at the weights that the model has, with
the rows' own answers (the empirical Fisher; its limits: Kunstner et al. 2019, arXiv:1905.12558).
In nats² per squared weight, 0 or more.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch

from trainables.cache import cache_dir, file_sha256, locked, replacing
from trainables.data.token_rows import TokenRows

Tensors = dict[str, torch.Tensor]


def fisher(
    model: Any,
    rows: TokenRows,
    weights: Mapping[str, torch.nn.Parameter],
    modules: Mapping[str, torch.nn.Module],
) -> Tensors:
    """F of `weights` (which require gradients) and of the weight (out, in) of linear `modules`.

    The modules' weights may be frozen, and quantized: their gradients are made from the modules'
    inputs and the gradients of their outputs. In float32 (or the model's float64).
    """
    found: Tensors = {}
    hooks = [m.register_forward_hook(partial(_watch, n, found)) for n, m in modules.items()]
    was_training = model.training
    model.eval()
    try:
        for number in range(len(rows)):
            torch.autograd.backward(_log_likelihood(model, rows, number))
            for name, p in weights.items():
                if p.grad is not None:
                    _add(found, name, p.grad)
            model.zero_grad(set_to_none=True)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return {name: total / len(rows) for name, total in found.items()}


def _log_likelihood(model: Any, rows: TokenRows, number: int) -> torch.Tensor:
    """log p(answer | question) of a row: the sum over its answer's tokens, in nats."""
    ids = torch.from_numpy(rows.row(number).astype("int64"))[None].to(model.device)  # (1, tokens)
    places = torch.from_numpy(rows.supervised(number)).to(model.device)
    start = int(places[0])
    kept = ids.shape[1] - start + 1  # the logits at position t predict token t + 1
    # (answer tokens, vocabulary), (answer tokens,)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[0, :-1]
    logits, wanted = logits[places - start], ids[0, places]
    return -torch.nn.functional.cross_entropy(_wide(logits), wanted, reduction="sum")


def _watch(
    name: str, found: Tensors, _: Any, inputs: tuple[torch.Tensor, ...], output: Any
) -> None:
    """Square the weight's gradient δᵀ x of one row, once backward gives δ."""
    if not output.requires_grad:  # everything before it is frozen
        output.requires_grad_()
    x = inputs[0].detach()

    def square(delta: torch.Tensor) -> None:
        # (out, tokens) x (tokens, in) → (out, in)
        _add(found, name, _wide(delta).flatten(0, -2).T @ _wide(x).flatten(0, -2))

    output.register_hook(square)


def _add(found: Tensors, name: str, gradient: torch.Tensor) -> None:
    squared = _wide(gradient).square()
    found[name] = found[name] + squared if name in found else squared


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def kept(key: str, make: Callable[[], Tensors]) -> Tensors:
    """The Fisher information under this key of the cache, made where it is not there yet."""
    from safetensors.torch import load_file, save_file

    file = cache_dir() / "fisher" / f"{key}.safetensors"
    with locked(file):
        if not file.is_file():
            with replacing(file) as part:
                save_file({n: t.cpu().contiguous() for n, t in make().items()}, part)
        return load_file(file)


def fisher_key(folder: Path, rows: TokenRows, *others: object) -> str:
    """Changes with the model's weights, the rows, and whatever else decides the result."""
    digest = hashlib.sha256(repr((_weights_sha256(folder), *others)).encode())
    for array in (rows.tokens, rows.offsets, rows.answer_start, rows.learnt):
        digest.update(b"" if array is None else array.tobytes())
    return digest.hexdigest()[:32]


@lru_cache(maxsize=4)
def _weights_sha256(folder: Path) -> tuple[str, ...]:
    return tuple(file_sha256(file) for file in sorted(folder.glob("*.safetensors")))
