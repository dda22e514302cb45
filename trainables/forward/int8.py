"""An int8 base in a pack: its weights dequantised and multiplied, one row a row.

LLM.int8 (arXiv:2208.07339) multiplies the columns in which any row has an outlier in higher
precision, so that a row's result depends on the rows beside it: on other trials. Here the weight is
code x scale / 127 for each output row, which is what the codes stand for.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch


def int8_modules(model: Any) -> Iterator[torch.nn.Module]:
    """The model's LLM.int8 layers."""
    from bitsandbytes.nn import Linear8bitLt

    return (module for module in model.modules() if isinstance(module, Linear8bitLt))


def dequantise_in_calls(model: Any) -> None:
    """Make every int8 layer multiply by its dequantised weight; `as_before` takes it back."""
    for module in int8_modules(model):
        vars(module)["forward"] = partial(_forward, module)


def as_before(model: Any) -> None:
    """LLM.int8 again."""
    for module in int8_modules(model):
        vars(module).pop("forward", None)


def _forward(module: Any, x: torch.Tensor) -> torch.Tensor:
    codes, scales = _stored(module)
    out: torch.Tensor = DequantisedProduct.apply(x, codes, scales)
    return out if module.bias is None else out + module.bias.to(out.dtype)


def _stored(module: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes (out, in) of int8 and scales (out,), wherever bitsandbytes has put them."""
    state, weight = module.state, module.weight
    if state.CB is not None:
        return state.CB, state.SCB
    codes = weight.CB if weight.CB is not None else weight.data
    return codes, weight.SCB


def dequantised(codes: torch.Tensor, scales: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The weight (out, in)."""
    return codes.to(dtype) * (scales.float() / 127).to(dtype)[:, None]


class DequantisedProduct(torch.autograd.Function):
    """x Wᵀ; the weight is made again in backward, so that no copy of it stays."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, codes: torch.Tensor, scales: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(codes, scales)
        return torch.nn.functional.linear(x, dequantised(codes, scales, x.dtype))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        codes, scales = ctx.saved_tensors
        return gradient @ dequantised(codes, scales, gradient.dtype), None, None
