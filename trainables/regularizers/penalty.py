"""The penalty of a trial: made from what it trains, added to its gradients step by step."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.models.trained import as_measured, is_adapter, named_trainable
from trainables.regularizers import ewc, l2_start
from trainables.regularizers.config import RegularizerConfig
from trainables.regularizers.fisher import Tensors, fisher, fisher_key, kept
from trainables.regularizers.l2_start import Slope

# kind → the penalty of a LoRA product, and that of weights that are trained themselves
KINDS: dict[str, tuple[Callable[..., Slope], Callable[..., Slope]]] = {
    "l2_start": (l2_start.of_product, l2_start.of_weights),
    "ewc": (ewc.of_product, ewc.of_weights),
}
WEIGHED = frozenset({"ewc"})  # kinds that count each weight by its Fisher information


class PenaltyTerm(NamedTuple):
    """A part of the penalty: parameters, and the function that gives its value and gradients."""

    parameters: tuple[torch.nn.Parameter, ...]
    slope: Callable[[], Slope]


class PenaltySite(NamedTuple):
    """A LoRA layer: A (r, in), B (out, r), their scale, and the layer that it adapts."""

    a: torch.nn.Parameter
    b: torch.nn.Parameter
    scale: float
    layer: torch.nn.Module


class Penalty:
    """The terms, and what they are multiplied by."""

    def __init__(self, terms: Sequence[PenaltyTerm], weight: float) -> None:
        self.terms, self.weight = terms, weight

    @torch.no_grad()
    def add(self, loss_scale: float = 1.0) -> float:
        """Add the penalty's gradient, times `loss_scale`, to the parameters'; its value (nats).

        Where the loss gave no gradient at all, nothing is added: a dead model stays noticeable.
        """
        gradients = [p.grad for term in self.terms for p in term.parameters]
        alive = any(gradient is not None and bool(gradient.any()) for gradient in gradients)
        total = 0.0
        for term in self.terms:
            value, slopes = term.slope()
            total += float(value)
            if alive:
                _add(term.parameters, slopes, self.weight * loss_scale)
        return self.weight * total


def _add(
    parameters: tuple[torch.nn.Parameter, ...], slopes: tuple[torch.Tensor, ...], times: float
) -> None:
    for p, slope in zip(parameters, slopes, strict=True):
        if p.grad is None:  # a weight that no row touched
            p.grad = torch.zeros_like(p)
        p.grad.add_(slope, alpha=times)


def penalty_of(
    config: RegularizerConfig, base: Base, model: Any, general: TokenRows | None
) -> Penalty:
    """The penalty of a model that is ready to train and still computes as its base does.

    `general` are the rows of `regularizer.data`, tokenised.
    """
    sites, weights = dict(_sites(model)), dict(_weights(model))
    importance: Tensors | None = None
    if config.kind in WEIGHED:
        assert general is not None, "Preparation gives the rows of regularizer.data"
        importance = _importance(base, model, general, sites, weights)
    return Penalty([*_terms(config.kind, sites, weights, importance)], config.weight)


def _terms(
    kind: str,
    sites: dict[str, PenaltySite],
    weights: dict[str, tuple[torch.nn.Parameter, torch.Tensor]],
    importance: Tensors | None,
) -> Iterator[PenaltyTerm]:
    of_product, of_weights = KINDS[kind]
    for name, site in sites.items():
        slope = partial(of_product, site.a, site.b, site.scale)
        if importance is not None:
            slope = partial(slope, importance[name].to(site.a.device))
        yield PenaltyTerm((site.a, site.b), slope)
    for name, (p, start) in weights.items():
        if importance is None:
            yield PenaltyTerm((p,), partial(of_weights, p, start))
        elif name in importance:  # no part in the loss, no importance
            fisher_of = importance[name].to(p.device)
            yield PenaltyTerm((p,), partial(of_weights, p, start, fisher_of))


def _sites(model: Any) -> Iterator[tuple[str, PenaltySite]]:
    """Path of the adapted layer in the base model → its adapter."""
    from peft.tuners.lora import LoraLayer

    for path, layer in model.named_modules():
        if isinstance(layer, LoraLayer):
            a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            name = path.removeprefix("base_model.model.")
            yield name, PenaltySite(a, b, layer.scaling["default"], layer.get_base_layer())


def _weights(model: Any) -> Iterator[tuple[str, tuple[torch.nn.Parameter, torch.Tensor]]]:
    """Weights that are trained themselves, and where they start, in the base's own precision."""
    dtype = model.config.dtype
    for name, p in named_trainable(model).items():
        if not is_adapter(model) or ".lora_" not in name:
            yield name, (p, p.detach().to(dtype, copy=True))


def _importance(
    base: Base,
    model: Any,
    rows: TokenRows,
    sites: dict[str, PenaltySite],
    weights: dict[str, tuple[torch.nn.Parameter, torch.Tensor]],
) -> Tensors:
    quantization = getattr(base.model.config, "quantization_config", None)
    how = quantization.to_dict() if quantization else None
    key = fisher_key(base.folder, rows, str(base.dtype), how, sorted(sites), sorted(weights))
    plain = {name: p for name, (p, _) in weights.items()}
    layers = {name: site.layer for name, site in sites.items()}

    def make() -> Tensors:
        with as_measured(model):
            return fisher(model, rows, plain, layers)

    return kept(key, make)
