"""What a model folder brings along that changes what is trained or answered, read from its JSON
files and tensor shapes before anything starts: no weights, no torch.

Each check yields findings. One that is `refused` would make every trial fail, or measure something
else than the spec says; the others say what it means.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trainables.models.header import tensor_shapes
from trainables.models.own_generation import LEGACY, set_aside

Settings = dict[str, Any]
NAME = "model.name_or_path"
ENCODER_DECODERS = (  # where config.json does not say
    *("t5", "mt5", "umt5", "longt5", "t5gemma", "switch_transformers", "bart", "mbart", "plbart"),
    *(
        "pegasus",
        "pegasus_x",
        "bigbird_pegasus",
        "blenderbot",
        "blenderbot-small",
        "marian",
        "fsmt",
    ),
    *("m2m_100", "nllb-moe", "prophetnet", "led", "mvp", "whisper", "encoder-decoder"),
)
OTHER_HEADS = (
    *("MaskedLM", "SequenceClassification", "TokenClassification", "QuestionAnswering"),
    *("MultipleChoice", "PreTraining", "RewardModel"),
)
POSITIONS = ("wpe.weight", "embed_positions.weight", "position_embeddings.weight")
POSITION_OFFSET = {"opt": 2, "biogpt": 2, "bart": 2}  # rows that stand for no position
EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")
HEADS = ("lm_head.weight", "embed_out.weight")
QUANTIZED_BESIDE = ("quantize_config.json", "quant_config.json")  # of AutoGPTQ and AutoAWQ


class Finding(NamedTuple):
    """Something odd about a model: at which field of the trial, what it means, and the fix."""

    field: str
    value: Any
    message: str
    fix: str
    refused: bool = True


class ModelFolder(NamedTuple):
    """What is read of a model folder."""

    name: str  # as the spec names it
    folder: Path
    config: Settings  # config.json, of a model of several parts that of its text
    shapes: dict[str, tuple[int, ...]]

    def rows(self, endings: tuple[str, ...]) -> int | None:
        """The first dimension of the first tensor whose name ends so."""
        found = (shape[0] for name, shape in self.shapes.items() if name.endswith(endings))
        return next(found, None)


def brought_along(name: str, folder: Path) -> list[Finding]:
    """All that is odd about a model's folder; what it means for `max_length` see
    `learned_positions`."""
    whole = read_settings(folder / "config.json")
    text = whole.get("text_config")
    config = {**whole, **text} if isinstance(text, dict) else whole
    model = ModelFolder(name, folder, config, tensor_shapes(folder))
    return [finding for check in CHECKS for finding in check(model)]


def read_settings(path: Path) -> Settings:
    """A JSON object; empty where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def quantized(model: ModelFolder) -> Iterator[Finding]:
    """Weights that are quantized already: bitsandbytes, GPTQ, AWQ, FP8, …"""
    written = model.config.get("quantization_config") or model.config.get("compression_config")
    beside = next((n for n in QUANTIZED_BESIDE if (model.folder / n).is_file()), None)
    if not written and beside is None:
        return
    about = written if isinstance(written, dict) else read_settings(model.folder / (beside or ""))
    bits = about.get("bits") or about.get("w_bit") or (4 if about.get("load_in_4bit") else None)
    method = about.get("quant_method") or (beside and "GPTQ or AWQ") or "of an unknown kind"
    how = f"{method}{f', {bits} bits' if bits else ''}"
    message = f"is quantized already ({how}); trials adapt unquantized weights"
    fix = "Give the model that it was made from, and write model.quantization: nf4 (or int8)"
    yield Finding(NAME, model.name, message, fix)


def other_kind(model: ModelFolder) -> Iterator[Finding]:
    """Models that do not continue a text: encoder-decoders, encoders, classifiers."""
    kind = str(model.config.get("model_type", ""))
    if model.config.get("is_encoder_decoder", kind in ENCODER_DECODERS):
        message = f"is an encoder-decoder ({kind or 'config.json'}); trials continue one text"
        yield Finding(NAME, model.name, message, "Give a causal (decoder-only) language model")
        return
    names = [str(name) for name in model.config.get("architectures") or ()]
    if names and all(name.endswith(OTHER_HEADS) for name in names):
        message = f"is a {names[0]}: it has no head that writes text, a random one would be used"
        yield Finding(NAME, model.name, message, "Give a causal language model")


def adapter_inside(model: ModelFolder) -> Iterator[Finding]:
    """transformers would put it on the base without a word."""
    if (model.folder / "adapter_config.json").is_file():
        message = "holds a PEFT adapter beside the model, which would become part of the base"
        fix = "Move adapter_config.json out, and name that adapter in lora.adapter_name_or_path"
        yield Finding(NAME, model.name, message, fix)


def own_code(model: ModelFolder) -> Iterator[Finding]:
    """Code that comes with the model is never run."""
    if not model.config.get("auto_map"):
        return
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    kind = model.config.get("model_type")
    if kind not in CONFIG_MAPPING_NAMES:
        message = f"needs its own code (auto_map; model_type {kind!r}), which medsweep never runs"
        fix = "Give a model that transformers knows"
        yield Finding(NAME, model.name, message, fix)
        return
    meaning = f"brings its own code (auto_map): set aside, transformers' own {kind} is used"
    yield Finding(NAME, model.name, meaning, "", refused=False)


def sentence_encoder(model: ModelFolder) -> Iterator[Finding]:
    """sentence-transformers' list of modules."""
    if (model.folder / "modules.json").is_file():
        meaning = "is a sentence encoder (modules.json): set aside, but it was not trained to write"
        yield Finding(NAME, model.name, meaning, "", refused=False)


def generation_settings(model: ModelFolder) -> Iterator[Finding]:
    """Penalties, lengths and sampling that would change answers: see `own_generation`."""
    given = read_settings(model.folder / "generation_config.json")
    if found := {**set_aside(model.config, only=LEGACY), **set_aside(given)}:
        listed = ", ".join(f"{name} {json.dumps(value)}" for name, value in found.items())
        meaning = (
            f"generation settings set aside: {listed}. Answers are greedy, or sampled as the spec "
            "says, for measuring, chat and an exported model alike"
        )
        yield Finding(NAME, model.name, meaning, "", refused=False)


def tied(model: ModelFolder) -> Iterator[Finding]:
    """Input embedding and output head as one matrix, or a head that is nowhere."""
    if not model.shapes or model.rows(HEADS) is not None:
        return
    if model.config.get("tie_word_embeddings") is False:
        message = "has no output head (lm_head) in its files: a random one would be used"
        fix = "Save it whole, or write tie_word_embeddings: true in its config.json"
        if model.rows(EMBEDDINGS) is not None:
            yield Finding(NAME, model.name, message, fix)
        return
    meaning = (
        "tied weights: the input embedding is the output head too. A trial of all weights trains "
        "both as one; modules_to_save of either is a copy that leaves the other as it was"
    )
    yield Finding(NAME, model.name, meaning, "", refused=False)


def vocabulary(model: ModelFolder) -> Iterator[Finding]:
    """Tokens without an embedding, and rows of the embedding without a token."""
    rows, size = model.rows(EMBEDDINGS), model.config.get("vocab_size")
    if rows is not None and isinstance(size, int) and size != rows:
        message = f"has an embedding of {rows} rows, its config.json says vocab_size {size}"
        yield Finding(NAME, model.name, message, "Save the model again with its own config.json")
        return
    rows, tokens = rows or size, token_count(model.folder)
    if not isinstance(rows, int) or tokens is None or tokens == rows:
        return
    if tokens > rows:
        message = f"has a tokenizer of {tokens} tokens, but only {rows} of them have an embedding"
        fix = "Give it the tokenizer that it was trained with, or an embedding of that size"
        yield Finding(NAME, model.name, message, fix)
        return
    meaning = f"{rows - tokens} of the embedding's {rows} rows stand for no token: padding, unused"
    yield Finding(NAME, model.name, meaning, "", refused=False)


def token_count(folder: Path) -> int | None:
    """The tokenizer's highest token id and one; None where tokenizer.json does not say."""
    written = read_settings(folder / "tokenizer.json")
    vocabulary = (written.get("model") or {}).get("vocab")
    if not vocabulary:
        return None
    ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else [len(vocabulary) - 1]
    added = [token["id"] for token in written.get("added_tokens") or ()]
    later = read_settings(folder / "tokenizer_config.json").get("added_tokens_decoder") or {}
    return 1 + max(int(token) for token in (*ids, *added, *later))


CHECKS: tuple[Callable[[ModelFolder], Iterator[Finding]], ...] = (
    quantized,
    other_kind,
    adapter_inside,
    own_code,
    sentence_encoder,
    generation_settings,
    tied,
    vocabulary,
)


def learned_positions(folder: Path) -> int | None:
    """How many positions the model has learned an embedding for; None where it computes them
    (rotary, ALiBi), so that texts may be longer."""
    config = read_settings(folder / "config.json")
    for name, shape in tensor_shapes(folder).items():
        if name.endswith(POSITIONS):
            offset = POSITION_OFFSET.get(str(config.get("model_type")), 0)
            return shape[0] - offset
    return None
