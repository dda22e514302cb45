"""Other architectures than Llama: tiny random models that train, evaluate and answer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BioGptConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    MistralConfig,
    OPTConfig,
    PreTrainedConfig,
    Qwen2Config,
)

from tests.trainables.sft.test_warm_base import anatomy, fresh, warm_model
from tests.trainables.sft.trials import checkpoints, config, essence, run, toy_tokenizer
from trainables.models.header import tensor_shapes
from trainables.models.targets import trainable_parameters, unmatched

SMALL: dict[str, Any] = {
    "vocab_size": 259,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 258,
}
LLAMA_LIKE = {
    **SMALL,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
GEMMA: dict[str, Any] = {
    "head_dim": 8,
    "sliding_window": 16,
    "layer_types": ["sliding_attention", "full_attention"],
}
MODELS: dict[str, tuple[PreTrainedConfig, list[str]]] = {
    "gpt2": (GPT2Config(**SMALL, n_embd=32, n_layer=2, n_head=4, n_positions=256), ["c_attn"]),
    "opt": (
        OPTConfig(
            **SMALL,
            hidden_size=32,
            word_embed_proj_dim=32,
            ffn_dim=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=256,
        ),
        ["q_proj", "v_proj"],
    ),
    "biogpt": (
        BioGptConfig(
            **SMALL,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=256,
        ),
        ["q_proj", "v_proj"],
    ),
    "mistral": (MistralConfig(**LLAMA_LIKE), ["q_proj", "v_proj"]),
    # rows are longer than the window
    "mistral, windowed": (MistralConfig(**LLAMA_LIKE, sliding_window=16), ["q_proj", "v_proj"]),
    "gemma2": (
        Gemma2Config(**LLAMA_LIKE, **GEMMA, attn_logit_softcapping=0.5, query_pre_attn_scalar=8),
        ["q_proj", "v_proj"],
    ),
    "gemma3": (Gemma3TextConfig(**LLAMA_LIKE, **GEMMA), ["q_proj", "v_proj"]),
    "qwen2": (Qwen2Config(**LLAMA_LIKE, tie_word_embeddings=True), ["q_proj", "v_proj"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_an_architecture_trains_evaluates_answers_and_resumes(name: str, tmp_path: Path) -> None:
    settings, targets = MODELS[name]
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(settings)
    model.save_pretrained(tmp_path)
    toy_tokenizer().save_pretrained(tmp_path)

    trial = config(
        model={"name_or_path": str(tmp_path)},
        lora={"r": 4, "target_modules": targets, "lora_dropout": 0.1},
        training={"learning_rate": 2e-2, "num_train_epochs": 1},
    )
    reports = fresh(trial)
    before = anatomy(warm_model())
    losses = [r.metrics["val_loss"] for r in reports if r.checkpoint]
    assert losses[-1] < losses[0]
    assert reports[-1].predictions is not None
    assert len(reports[-1].predictions) == 2

    number = sorted(checkpoints(reports))[1]
    resumed = run(trial, checkpoints(reports)[number])
    assert [essence(r) for r in resumed] == [essence(r) for r in reports[number + 1 :]]
    assert anatomy(warm_model()) == before

    shapes = tensor_shapes(tmp_path)
    assert unmatched(targets, shapes) == []
    weights = reports[0].checkpoint
    assert weights is not None
    from safetensors.torch import load

    count = sum(t.numel() for t in load(weights.adapter).values())
    assert count == trainable_parameters(targets, shapes, 4)
