"""The frozen base model, loaded once a process and kept warm between trials."""

import gc
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import torch

from trainables.errors import InputError
from trainables.heartbeat import beat
from trainables.models.config import ModelConfig
from trainables.models.own_generation import own_generation_config
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer

_warm: dict[tuple[str, str], "Base"] = {}  # at most one entry: a GPU holds one base at a time


class Base(NamedTuple):
    """A base model as loaded: evaluation mode, no gradients."""

    model: Any
    tokenizer: Any
    folder: Path
    dtype: torch.dtype


def device_now() -> str:
    """The device of this process's trials: the first visible GPU, else the CPU."""
    return "cuda:0" if torch.cuda.is_available() else "cpu"


def compute_dtype(config: ModelConfig, device: str) -> torch.dtype:
    """`model.dtype`; `auto` is bfloat16 where the device computes in it, else float32."""
    if config.dtype != "auto":
        dtype: torch.dtype = getattr(torch, config.dtype)
        return dtype
    if device.startswith("cuda"):
        # older cards emulate bfloat16, slower than float16
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def load_base(config: ModelConfig, device: str) -> Base:
    """The base model on `device`, from this process's memory where it is the one loaded last.

    >>> base = load_base(ModelConfig(name_or_path="toy:llama", dtype="float32"), "cpu")
    >>> base.dtype, base.model.training
    (torch.float32, False)
    """
    key = (config.model_dump_json(), device)
    if key not in _warm:
        if _warm:  # it leaves memory before the next one comes
            _warm.clear()
            gc.unfreeze()
            gc.collect()
        gc.freeze()  # half a million objects of imported modules, which no collection need walk
        _warm[key] = _load(config, device)
        gc.collect()
        gc.freeze()  # nor the base: each trial ends with collections
    return _warm[key]


def _load(config: ModelConfig, device: str) -> Base:
    from transformers import AutoModelForCausalLM

    folder = resolve(config)
    dtype = compute_dtype(config, device)
    options: dict[str, Any] = {"dtype": dtype, "device_map": {"": device}}
    if config.attn_implementation:
        options["attn_implementation"] = config.attn_implementation
    if quantization := quantization_config(config, dtype):
        options["quantization_config"] = quantization
    model, found = AutoModelForCausalLM.from_pretrained(
        folder,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
        **options,
    )
    refuse_random(config.name_or_path, found["missing_keys"])
    model.requires_grad_(False)
    model.generation_config = own_generation_config(model.generation_config)
    if device == "cpu":
        keep_gradients_on_cpu(model)
    model.get_input_embeddings().register_forward_pre_hook(beat)  # each call is a sign of life
    head = model.get_output_embeddings()
    if head is not None:
        head.register_forward_pre_hook(_contiguous)
    return Base(model.eval(), load_tokenizer(folder, config.template_date), folder, dtype)


def refuse_random(name: str, missing: Collection[str]) -> None:
    """InputError where a model has weights that stand in none of its files: transformers makes them
    up at random, with a warning that nobody reads."""
    if missing:
        message = f"{len(missing)} of its tensors are in no file, e.g. {min(missing)}"
        fix = "They would be random: fetch the model again, whole, or save it with its own config."
        raise InputError("model.name_or_path", name, message, fix)


def _contiguous(_head: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The hidden states of some positions, a strided slice, made whole: torch would multiply it row
    by row, with a copy of the head's weight for each (1.8 GB for 32 rows of SmolLM2)."""
    return (arguments[0].contiguous(), *arguments[1:])


def quantization_config(config: ModelConfig, dtype: torch.dtype) -> Any:
    """bitsandbytes' settings: NF4 with double quantization (QLoRA, arXiv:2305.14314) or LLM.int8
    (arXiv:2208.07339); None for `none`."""
    from transformers import BitsAndBytesConfig

    if config.quantization == "nf4":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    return BitsAndBytesConfig(load_in_8bit=True) if config.quantization == "int8" else None


def keep_gradients_on_cpu(model: Any) -> None:
    """Stop bitsandbytes from repacking 4-bit weights at the first evaluation on AVX512-BF16 CPUs:
    no gradient passes through repacked layers, and training goes on without an error."""
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
