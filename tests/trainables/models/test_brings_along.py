"""What a model folder brings along, from small folders made on the spot."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from trainables.errors import InputError
from trainables.models.brings_along import brought_along, learned_positions
from trainables.models.config import ModelConfig
from trainables.models.model_folder import Finding
from trainables.models.resolve import resolve
from trainables.models.weights_along import token_count

ROWS = 10
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": ROWS}
TENSORS = {"model.embed_tokens.weight": (ROWS, 4), "lm_head.weight": (ROWS, 4)}


def folder(
    tmp_path: Path,
    tensors: dict[str, tuple[int, ...]] = TENSORS,
    tokens: int = ROWS,
    files: dict[str, Any] | None = None,
    **config: Any,
) -> Path:
    save_file({n: torch.zeros(s) for n, s in tensors.items()}, tmp_path / "model.safetensors")
    vocab = {f"t{n}": n for n in range(tokens)}
    written = {
        "config.json": {**LLAMA, **config},
        "tokenizer.json": {"model": {"vocab": vocab}, "added_tokens": []},
        **(files or {}),
    }
    for name, content in written.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


def only(folder: Path) -> Finding:
    (found,) = brought_along("mine", folder)
    return found


def test_a_plain_model_brings_nothing(tmp_path: Path) -> None:
    assert brought_along("mine", folder(tmp_path)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quant_method": "gptq", "bits": 4}, "(gptq, 4 bits)"),
        ({"quant_method": "awq", "w_bit": 4}, "(awq, 4 bits)"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "(bitsandbytes, 4 bits)"),
        ({"quant_method": "fp8"}, "(fp8)"),
    ],
)
def test_a_quantized_base_is_refused(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    found = only(folder(tmp_path, quantization_config=given))
    assert found.refused
    assert found.field == "model.name_or_path"
    assert found.value == "mine"
    assert said in found.message
    assert "model.quantization" in found.fix


def test_a_quantized_text_part_and_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    inner = folder(tmp_path / "a", text_config={"quantization_config": {"quant_method": "awq"}})
    assert "quantized already (awq)" in only(inner).message
    beside = folder(tmp_path / "b", files={"quantize_config.json": {"bits": 8}})
    assert "(GPTQ or AWQ, 8 bits)" in only(beside).message


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}, "encoder-decoder"),
        ({"model_type": "new", "is_encoder_decoder": True}, "encoder-decoder (new)"),
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "no head that writes"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "no head that writes"),
    ],
)
def test_what_does_not_continue_a_text_is_refused(
    config: dict[str, Any], said: str, tmp_path: Path
) -> None:
    found = only(folder(tmp_path, **config))
    assert found.refused
    assert said in found.message


def test_a_decoder_of_a_family_of_encoder_decoders(tmp_path: Path) -> None:
    bart = {"model_type": "bart", "architectures": ["BartForCausalLM"], "is_encoder_decoder": False}
    assert brought_along("mine", folder(tmp_path, **bart)) == []


def test_an_adapter_beside_the_model_is_refused(tmp_path: Path) -> None:
    found = only(folder(tmp_path, files={"adapter_config.json": {"peft_type": "LORA"}}))
    assert found.refused
    assert "lora.adapter_name_or_path" in found.fix


def test_own_code_is_never_run(tmp_path: Path) -> None:
    mapped = {"auto_map": {"AutoModelForCausalLM": "modeling_mine.Mine"}}
    known = only(folder(tmp_path, **mapped))
    assert not known.refused
    assert "transformers' own llama" in known.message
    unknown = only(folder(tmp_path, **mapped, model_type="mine"))
    assert unknown.refused
    assert "'mine'" in unknown.message


def test_a_sentence_encoder(tmp_path: Path) -> None:
    found = only(folder(tmp_path, files={"modules.json": {}}))
    assert (found.refused, "sentence encoder" in found.message) == (False, True)


def test_generation_settings_are_told(tmp_path: Path) -> None:
    given = {
        "eos_token_id": [1, 2],
        "max_length": 4096,
        "temperature": 0.6,
        "do_sample": True,
        "repetition_penalty": 1.1,
        "top_p": 1.0,
        "no_repeat_ngram_size": 0,
        "_from_model_config": True,
        "transformers_version": "5.0",
    }
    files = {"generation_config.json": given}
    found = only(folder(tmp_path, files=files, min_length=5))  # older models: in config.json
    assert not found.refused
    assert "min_length 5, temperature 0.6, do_sample true, repetition_penalty 1.1." in found.message


def test_tied_weights(tmp_path: Path) -> None:
    embedding = {"model.embed_tokens.weight": (ROWS, 4)}
    found = only(folder(tmp_path, embedding, tie_word_embeddings=True))
    assert not found.refused
    assert "the input embedding is the output head too" in found.message
    lost = only(folder(tmp_path, embedding, tie_word_embeddings=False))
    assert lost.refused
    assert "random" in lost.message


def test_the_vocabulary_against_the_embedding(tmp_path: Path) -> None:
    larger = only(folder(tmp_path, tokens=ROWS + 2))
    assert larger.refused
    assert "12 tokens, but only 10" in larger.message
    smaller = only(folder(tmp_path, tokens=ROWS - 3))
    assert not smaller.refused
    assert "3 of the embedding's 10 rows" in smaller.message
    other = only(folder(tmp_path, vocab_size=12))
    assert other.refused
    assert "10 rows, its config.json says vocab_size 12" in other.message


def test_added_tokens_count(tmp_path: Path) -> None:
    added = {"added_tokens_decoder": {"10": {"content": "<pad>"}}}
    here = folder(tmp_path, files={"tokenizer_config.json": added})
    assert token_count(here) == ROWS + 1
    assert only(here).refused


@pytest.mark.parametrize(
    ("name", "kind", "rows", "positions"),
    [
        ("transformer.wpe.weight", "gpt2", 1024, 1024),
        ("model.decoder.embed_positions.weight", "opt", 2050, 2048),
    ],
)
def test_learned_positions(name: str, kind: str, rows: int, positions: int, tmp_path: Path) -> None:
    here = folder(tmp_path, {**TENSORS, name: (rows, 4)}, model_type=kind)
    assert learned_positions(here) == positions


def test_computed_positions_have_no_end(tmp_path: Path) -> None:
    assert learned_positions(folder(tmp_path, max_position_embeddings=64)) is None


def said_of(where: Path) -> list[str]:
    return [found.message for found in brought_along("mine", where) if found.refused]


LAYER = "model.layers.{}.mlp.up_proj.weight"


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"model.layers.0.q_proj.qweight": (1, 1)}, "model.layers.0.q_proj.qweight"),
        ({"model.layers.0.q_proj.weight.absmax": (1,)}, "is quantized already"),
        ({LAYER.format(0): (4, 4)}, "1 layers in its files, its config.json says 2"),
        ({"lm_head.weight": (ROWS - 2, 4)}, "an output head of 8 rows"),
    ],
)
def test_tensors_that_config_json_knows_nothing_of(
    tensors: dict[str, tuple[int, ...]], said: str, tmp_path: Path
) -> None:
    layers = {} if "quantized" in said or "qweight" in said else {"num_hidden_layers": 2}
    where = folder(tmp_path, {**TENSORS, **tensors}, **layers)
    (message,) = said_of(where)
    assert said in message


def test_layers_left_out_are_said_and_all_of_them_are_not(tmp_path: Path) -> None:
    three: dict[str, tuple[int, ...]] = {**TENSORS, **{LAYER.format(n): (4, 4) for n in range(3)}}
    for name, count in (("fewer", 2), ("all", 3)):
        (tmp_path / name).mkdir()
        found = brought_along("mine", folder(tmp_path / name, three, num_hidden_layers=count))
        assert [f.refused for f in found] == ([False] if name == "fewer" else [])


@pytest.mark.parametrize("name", ["LlamaModel", "BertModel"])
def test_a_body_without_a_head_is_refused(name: str, tmp_path: Path) -> None:
    assert f"is a {name}" in only(folder(tmp_path, architectures=[name])).message


def test_gpt2_s_head_is_one(tmp_path: Path) -> None:
    assert brought_along("mine", folder(tmp_path, architectures=["GPT2LMHeadModel"])) == []


def test_a_file_of_weights_that_is_missing(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    where = folder(tmp_path, files={"model.safetensors.index.json": index})
    assert "lacks 1 of its 2 files of weights, e.g. model-2.safetensors" in said_of(where)[0]


def test_a_config_that_cannot_be_read(tmp_path: Path) -> None:
    where = folder(tmp_path)
    (where / "config.json").write_text("{")
    assert "no JSON object" in said_of(where)[0]


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\noid x\n"])
def test_a_file_that_is_no_safetensors_file_is_told(content: bytes, tmp_path: Path) -> None:
    where = folder(tmp_path)
    (where / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"model.safetensors is not a safetensors file"):
        resolve(ModelConfig(name_or_path=str(where)))
