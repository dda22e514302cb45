"""A trial's LoRA adapter in a pack: one flat vector, seen as PEFT's matrices."""

from collections.abc import Collection, Mapping
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import torch
from safetensors.torch import load, save

from trainables.models.adapters import adapted, export, named_trainable
from trainables.models.config import LoraConfig
from trainables.models.load import Base
from trainables.saved import SavedAdapter

PREFIX = "base_model.model."


class AdapterSite(NamedTuple):
    """What a trial adds to one module: x → x + scale · (x Aᵀ) Bᵀ, A (r, in), B (out, r).

    `a` and `b` are in the base's precision, their gradients in the adapter's own; None where it is
    frozen.
    """

    a: torch.Tensor
    b: torch.Tensor
    grad_a: torch.Tensor | None
    grad_b: torch.Tensor | None


class PackedAdapter:
    """Weights, gradients and their views by module path.

    `tensors` are PEFT's by PEFT's names, `settings` its adapter_config.json. `heads` are what a
    trial trains on the trunk's states besides, by names of its own; they are in checkpoints, and
    in exports where `exports_heads`. Weights, gradients and moments have float32 or the precision
    of the base (`compute`), whichever is finer. One that is `frozen` has weights only.
    """

    def __init__(
        self,
        tensors: Mapping[str, torch.Tensor],
        settings: dict[str, Any],
        lora: LoraConfig,
        device: torch.device,
        compute: torch.dtype,
        heads: Mapping[str, torch.Tensor] | None = None,
        exports_heads: bool = False,
        frozen: bool = False,
    ) -> None:
        self.settings, self.dropout = settings, lora.lora_dropout
        tensors = {**tensors, **(heads or {})}
        self._inner = frozenset() if exports_heads else frozenset(heads or ())
        root = lora.r**0.5 if lora.use_rslora else lora.r
        self.scale = lora.lora_alpha / root
        master = torch.promote_types(compute, torch.float32)
        parts = [t.detach().to(device, master).reshape(-1) for t in tensors.values()]
        self.flat = torch.nn.Parameter(torch.cat(parts))  # (all elements,), in the tensors' order
        self.flat.grad = None if frozen else torch.zeros_like(self.flat)
        same = compute == master
        self.work = self.flat.data if same else torch.empty_like(self.flat, dtype=compute)
        self._shapes = {name: tuple(t.shape) for name, t in tensors.items()}
        weights = self.by_name(self.work)
        gradients = {} if self.flat.grad is None else self.by_name(self.flat.grad)
        self.sites = {
            path: AdapterSite(
                weights[f"{PREFIX}{path}.lora_A.weight"],
                weights[f"{PREFIX}{path}.lora_B.weight"],
                gradients.get(f"{PREFIX}{path}.lora_A.weight"),
                gradients.get(f"{PREFIX}{path}.lora_B.weight"),
            )
            for path in self.paths()
        }
        self.heads = {name: self._head(name) for name in heads or ()}
        self.refresh()

    def _head(self, name: str) -> torch.Tensor:
        """A head as autograd sees it: what backward adds to its gradient is the trial's own."""
        head = self.by_name(self.flat.data)[name].detach()
        if self.flat.grad is not None:
            head.requires_grad_().grad = self.by_name(self.flat.grad)[name]
        return head

    def paths(self) -> list[str]:
        """The modules that the adapter changes."""
        ends = ".lora_A.weight"
        return [n.removeprefix(PREFIX).removesuffix(ends) for n in self._shapes if n.endswith(ends)]

    def by_name(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """Views of a vector as long as the adapter's, by PEFT's names and in PEFT's shapes."""
        ends = list(accumulate(prod(shape) for shape in self._shapes.values()))
        return {
            name: flat[end - prod(shape) : end].view(shape)
            for end, (name, shape) in zip(ends, self._shapes.items(), strict=True)
        }

    def refresh(self) -> None:
        """Bring the base's precision up to date with the weights."""
        if self.work.data_ptr() != self.flat.data_ptr():
            self.work.copy_(self.flat.data)

    @property
    def held_bytes(self) -> int:
        """Device memory of the weights, their gradients and moments, and the base's copy."""
        copy = self.work.nbytes if self.work.data_ptr() != self.flat.data_ptr() else 0
        return (1 if self.flat.grad is None else 4) * self.flat.nbytes + copy

    def to_bytes(self) -> bytes:
        """The weights as they are trained, as PEFT's safetensors file: what a checkpoint holds."""
        named = self.by_name(self.flat.data)
        return save({n: t.cpu().contiguous() for n, t in named.items()})

    def restore(self, weights: bytes) -> None:
        """Take weights from PEFT's safetensors file, which may lack heads that are not exported:
        they stay as they are. ValueError where its names do not fit."""
        tensors = load(weights)
        kept = {n: t for n, t in self.by_name(self.flat.data).items() if n in self._inner}
        self.fill(self.flat.data, {**kept, **tensors})
        self.refresh()

    def fill(self, flat: torch.Tensor, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write tensors by PEFT's names into a vector; ValueError where names do not fit."""
        if different := sorted(set(tensors) ^ set(self._shapes)):
            raise ValueError(f"the adapter has other tensors than the file: {different[:3]}")
        for name, view in self.by_name(flat).items():
            view.copy_(tensors[name])

    def export(self) -> SavedAdapter:
        """The adapter as `PeftModel.from_pretrained` reads it: the values that the passes multiply
        by, in the base's precision, not those that the optimizer keeps. Heads are whole in both."""
        used = self.by_name(self.work.to(self.flat.dtype))
        whole = self.by_name(self.flat.data)
        named = {n: (whole if n in self.heads else used)[n] for n in used if n not in self._inner}
        tensors = {n: t.cpu().contiguous() for n, t in named.items()}
        return SavedAdapter(self.settings, save(tensors))


def fresh_adapter(
    base: Base, lora: LoraConfig, seed: int, heads: Mapping[str, torch.Tensor] | None = None
) -> PackedAdapter:
    """A trial's adapter before its first step, with these heads (not exported).

    PEFT makes it, so that it starts from the same numbers as in the isolated engine.
    """
    with adapted(base, lora, seed) as model:
        tensors, settings = named_trainable(model), export(model).config
    return PackedAdapter(tensors, settings, lora, base.model.device, base.dtype, heads)


def saved_adapter(base: Base, saved: SavedAdapter, heads: Collection[str] = ()) -> PackedAdapter:
    """An adapter that was saved, to be used and not trained; `heads` are names among its tensors
    that are none of LoRA's."""
    tensors, settings = load(saved.weights), saved.config
    lora = LoraConfig(
        r=settings["r"], lora_alpha=settings["lora_alpha"], use_rslora=settings["use_rslora"]
    )
    head_tensors = {name: tensors.pop(name) for name in heads}
    return PackedAdapter(
        tensors,
        settings,
        lora,
        base.model.device,
        base.dtype,
        head_tensors,
        exports_heads=True,
        frozen=True,
    )


def bare(base: Base) -> PackedAdapter:
    """No adapter: the base as it is."""
    nothing = {"nothing": torch.zeros(0)}
    return PackedAdapter(nothing, {}, LoraConfig(), base.model.device, base.dtype, frozen=True)
