"""Which models medsweep's own passes run as transformers does."""

from typing import Any

import pytest

from trainables.models.attention_kinds import other_layers


@pytest.mark.parametrize(
    "kind",
    ["llama", "gpt2", "opt", "biogpt", "mistral", "qwen2", "gemma2", "gemma3_text", "phi3", "none"],
)
def test_attention_alone(kind: str) -> None:
    assert other_layers({"model_type": kind}) is None


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "mamba"}, "recurrent"),
        ({"model_type": "jamba"}, "recurrent"),
        ({"model_type": "bloom"}, "does not compute its attention through"),
        ({"model_type": "gpt_oss"}, "sinks"),
        ({"model_type": "llama", "layer_types": ["full_attention", "linear_attention"]}, "linear"),
        ({"text_config": {"model_type": "rwkv"}, "model_type": "x"}, "recurrent"),
    ],
)
def test_layers_that_would_mix_texts(config: dict[str, Any], said: str) -> None:
    assert said in str(other_layers(config))
