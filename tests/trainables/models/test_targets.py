"""Which modules LoRA wraps, against PEFT itself."""

from pathlib import Path
from typing import Any

import peft
import pytest
from transformers import (
    AutoModelForCausalLM,
    BioGptConfig,
    GPT2Config,
    GPTNeoXConfig,
    OPTConfig,
    PreTrainedConfig,
)

from tests.trainables.sft.trials import TOY
from trainables.models.header import tensor_shapes
from trainables.models.resolve import resolve
from trainables.models.targets import (
    linear_modules,
    matching,
    saved_modules,
    trainable_parameters,
    unmatched,
    unsaved,
)

TARGETS: list[list[str] | str] = [
    ["q_proj"],
    ["q_proj", "v_proj"],
    ["self_attn.o_proj", "down_proj"],
    ["layers.1.self_attn.k_proj"],
    ["model.layers.0.mlp.up_proj"],
    "all-linear",
]


def toy() -> tuple[Any, Path]:
    folder = resolve(TOY)
    return AutoModelForCausalLM.from_pretrained(folder), folder


def wrapped(model: Any, targets: list[str] | str, r: int) -> tuple[set[str], int]:
    """The modules that PEFT wraps, and how many parameters it trains."""
    lora = peft.LoraConfig(task_type="CAUSAL_LM", r=r, target_modules=targets)
    adapted = peft.get_peft_model(model, lora)
    names = {
        name.removeprefix("base_model.model.")
        for name, module in adapted.named_modules()
        if isinstance(module, peft.tuners.lora.LoraLayer)
    }
    return names, adapted.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_matching_and_counting_are_pefts(targets: list[str] | str) -> None:
    model, folder = toy()
    shapes = tensor_shapes(folder)
    found = matching(targets, linear_modules(shapes))
    names, count = wrapped(model, targets, r=5)
    assert {m for modules in found.values() for m in modules} == names
    assert trainable_parameters(targets, shapes, 5) == count
    assert unmatched(targets, shapes) == []


OTHERS: list[tuple[PreTrainedConfig, list[str] | str]] = [
    (GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50), ["c_attn", "c_fc"]),
    (GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50), "all-linear"),
    (
        OPTConfig(
            hidden_size=16,
            word_embed_proj_dim=8,
            ffn_dim=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            vocab_size=50,
        ),
        "all-linear",
    ),
    (
        BioGptConfig(
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            vocab_size=50,
        ),
        "all-linear",
    ),
    (
        GPTNeoXConfig(
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            vocab_size=50,
        ),
        "all-linear",
    ),
]


@pytest.mark.parametrize(
    ("settings", "targets"), OTHERS, ids=[f"{s.model_type} {t}" for s, t in OTHERS]
)
def test_other_architectures(
    settings: PreTrainedConfig, targets: list[str] | str, tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_config(settings)
    model.save_pretrained(tmp_path)
    shapes = tensor_shapes(tmp_path)
    names, count = wrapped(model, targets, r=3)
    found = {m for ms in matching(targets, linear_modules(shapes)).values() for m in ms}
    # a model is saved with or without the prefix of its body
    assert {n.split(".", 1)[-1] for n in names} == {f.split(".", 1)[-1] for f in found} or {
        n.split(".", 1)[-1] for n in names
    } == found
    assert trainable_parameters(targets, shapes, 3) == count


def test_what_matches_nothing_and_the_nearest_name() -> None:
    shapes = tensor_shapes(resolve(TOY))
    problems = dict(unmatched(["q_porj", "v_proj", "proj", "lm_head", "embed_tokens"], shapes))
    assert problems.keys() == {"q_porj", "proj", "lm_head", "embed_tokens"}
    assert "did you mean `q_proj`?" in problems["q_porj"].lower()
    assert "down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj" in problems["proj"]
    model, _ = toy()
    with pytest.raises(ValueError, match="not found in the base model"):
        wrapped(model, ["proj"], 2)
    assert unmatched("all-linear", shapes) == []
    assert [target for target, _ in unmatched("all-linear", {"w": (3,)})] == ["all-linear"]


def tinyllama() -> dict[str, tuple[int, ...]]:
    """TinyLlama-1.1B's shapes, from its published configuration: 22 layers of 2048, 32 heads, 4 of
    them keys' and values', 5632 between, 32,000 tokens, a head of its own."""
    layer = {
        "self_attn.q_proj": (2048, 2048),
        "self_attn.k_proj": (256, 2048),
        "self_attn.v_proj": (256, 2048),
        "self_attn.o_proj": (2048, 2048),
        "mlp.gate_proj": (5632, 2048),
        "mlp.up_proj": (5632, 2048),
        "mlp.down_proj": (2048, 5632),
        "input_layernorm": (2048,),
        "post_attention_layernorm": (2048,),
    }
    shapes: dict[str, tuple[int, ...]] = {
        f"model.layers.{n}.{name}.weight": shape for n in range(22) for name, shape in layer.items()
    }
    ends = {"model.embed_tokens": (32_000, 2048), "lm_head": (32_000, 2048), "model.norm": (2048,)}
    return {**shapes, **{f"{name}.weight": shape for name, shape in ends.items()}}


def test_the_flashcards_systems_count() -> None:
    """It says 4.2 million; rank 16 on q and v of its model is 2,252,800."""
    from sweeps.readiness.checks import trained_parameters
    from trainables.models.config import LoraConfig

    assert trainable_parameters(["q_proj", "v_proj"], tinyllama(), 16) == 2_252_800
    assert 22 * 16 * ((2048 + 2048) + (2048 + 256)) == 2_252_800
    assert trained_parameters(LoraConfig(r=16), tinyllama()) == 2_252_800
    assert trained_parameters(None, tinyllama()) == 1_100_048_384


def test_modules_to_save_that_are_none_are_told() -> None:
    shapes = {"model.embed_tokens.weight": (10, 4), "model.layers.0.mlp.up_proj.weight": (8, 4)}
    assert unsaved(["embed_tokens", "lm_head", "mlp.up_proj"], shapes) == []
    ((name, fix),) = unsaved(["nope"], shapes)
    assert (name, fix) == ("nope", "This model has embed_tokens, lm_head, up_proj")
    assert saved_modules(["up_proj"], shapes) == {"up_proj": ["model.layers.0.mlp.up_proj.weight"]}
