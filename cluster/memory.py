"""How much device memory training needs: arithmetic on shapes, without torch.

For a causal language model of Llama's build (RMS norms, gated MLP, rotary attention by a fused
kernel), with LoRA adapters on frozen weights, or all of them trained. In bytes; `tokens` are those
of one call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)  # a weight: code, 8-bit scale of 64, scale of 256 scales
QUANTIZED = {"nf4": NF4, "int8": 1.0}  # bytes a weight by `model.quantization`
MASTER = 2 * 4  # bytes of a trained weight in float32 and of its gradient
SOFTMAX_NUMBERS = 2**26  # logits worked on at once on a GPU: packing.log_probs.CHUNK
QKV, GATED = frozenset({"q_proj", "k_proj", "v_proj"}), frozenset({"gate_proj", "up_proj"})


@dataclass(frozen=True)
class ModelShape:
    """What a model's config.json says of its sizes."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ModelShape | None":
        """None for a model whose build is not known here."""
        try:
            hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
            return cls(
                hidden,
                int(config["intermediate_size"]),
                int(config["num_hidden_layers"]),
                heads,
                int(config.get("num_key_value_heads") or heads),
                int(config.get("head_dim") or hidden // heads),
                int(config["vocab_size"]),
            )
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Load:
    """A trial's part of a call: its tokens, the supervised ones, its rank and targets, and whether
    their inputs have dropout."""

    tokens: int
    answers: int
    r: int
    targets: Sequence[str]  # last parts of module names
    dropout: bool = False


def base_bytes(
    shapes: Mapping[str, tuple[int, ...]], linear: Sequence[str], quantization: str, width: int
) -> float:
    """The frozen weights; `linear` are the tensors that are quantized, `width` bytes a number."""
    quantized = set(linear) if quantization != "none" else set()
    each = QUANTIZED[quantization] if quantized else float(width)
    return sum(
        float(prod(s)) * (each if name in quantized else width) for name, s in shapes.items()
    )


def adapter_bytes(parameters: int, width: int, states: int) -> int:
    """A trial's weights and gradients in float32, its optimizer's `states` (bytes a weight), and
    its copy for the base's calls."""
    return parameters * (MASTER + states + (width if width < 4 else 0))


def stacked_bytes(parameters: int, width: int, trials: int) -> int:
    """The matrices of several trials' adapters side by side, for a call's products."""
    return trials * parameters * width if trials > 1 else 0


def frozen_adapter_bytes(parameters: int, width: int) -> int:
    """An adapter that is used and not trained: its weights in float32, and the calls' copy."""
    return parameters * (4 + (width if width < 4 else 0))


def key_value_bytes(shape: ModelShape, width: int) -> int:
    """What a token leaves behind in all layers for those written after it."""
    return 2 * shape.layers * shape.kv_heads * shape.head_dim * width


def activation_bytes(
    shape: ModelShape, loads: Sequence[Load], width: int, recompute: bool = False
) -> float:
    """What a training call keeps for backward, and the logits' share at its peak."""
    answers = sum(load.answers for load in loads)
    layer = sum(load.tokens * _layer_bytes(shape, load, width) for load in loads)
    tokens = sum(load.tokens for load in loads)
    kept = layer * shape.layers
    if recompute:  # each layer's input, and one layer whole
        kept = tokens * shape.hidden * width * shape.layers + layer
    return kept + answers * shape.vocab * 2 * width + softmax_bytes(shape, answers)


def softmax_bytes(shape: ModelShape, answers: int) -> int:
    """The supervised tokens' softmax and its input, both in float32, a few rows at a time. Besides
    these their logits are kept, and in backward the logits' gradient."""
    return min(answers * shape.vocab, max(SOFTMAX_NUMBERS, shape.vocab)) * (4 + 4)


def _layer_bytes(shape: ModelShape, load: Load, width: int) -> float:
    """A token's tensors in one layer that backward needs."""
    query, key = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    norms = 2 * (4 * shape.hidden + 4)  # in float32, and their scales
    attention = width * (2 * query + 2 * key) + 4 * shape.heads  # q, output, k, v, log-sum-exp
    mlp = 3 * width * shape.intermediate  # gate, its activation, up
    lora = width * (load.r * len(load.targets) + _inputs(shape, load.targets))
    masks = sum(_inputs(shape, [target]) for target in load.targets) if load.dropout else 0
    return norms + attention + mlp + lora + masks


def _inputs(shape: ModelShape, targets: Sequence[str]) -> int:
    """Numbers a token in the inputs of the targeted modules; those of q, k, v are one tensor."""
    names = set(targets)
    query = shape.heads * shape.head_dim
    return (
        shape.hidden * bool(names & QKV)
        + query * ("o_proj" in names)
        + shape.hidden * bool(names & GATED)
        + shape.intermediate * ("down_proj" in names)
    )
