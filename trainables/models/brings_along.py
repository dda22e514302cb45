"""What a model folder brings along that changes what is trained or answered, read from its JSON
files and tensor shapes before anything starts: no weights, no torch.

Each check yields findings. One that is `refused` would make every trial fail, or measure something
else than the spec says; the others say what it means.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from trainables.models.header import tensor_shapes
from trainables.models.json_along import unread_files
from trainables.models.model_folder import NAME, Finding, ModelFolder, read_settings
from trainables.models.own_generation import LEGACY, set_aside
from trainables.models.weights_along import layers, shards, tied, vocabulary

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
QUANTIZED_TENSORS = (  # GPTQ and AWQ, bitsandbytes, FP8
    *(".qweight", ".qzeros", ".absmax", ".quant_map", ".SCB", ".weight_scale", ".weight_scale_inv"),
    *(".weight_packed", ".g_idx"),
)
Check = Callable[[ModelFolder], Iterator[Finding]]
QUANTIZED_BESIDE = ("quantize_config.json", "quant_config.json")  # of AutoGPTQ and AutoAWQ


def brought_along(name: str, folder: Path) -> list[Finding]:
    """All that is odd about a model's folder; what it means for `max_length` see
    `learned_positions`."""
    whole = read_settings(folder / "config.json")
    text = whole.get("text_config")
    config = {**whole, **text} if isinstance(text, dict) else whole
    model = ModelFolder(name, folder, config, tensor_shapes(folder))
    if unread := list(unread_files(model)):
        return unread  # what they say cannot be judged
    return [finding for check in CHECKS for finding in _found(check, model)]


def _found(check: Check, model: ModelFolder) -> list[Finding]:
    """What a check finds, or that the files say what no model's say: text for a number, a list."""
    try:
        return list(check(model))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"has JSON files that no model has ({check.__name__}: {error})"
        return [Finding(NAME, model.name, what, "Fetch the model again, whole")]


def quantized(model: ModelFolder) -> Iterator[Finding]:
    """Weights that are quantized already: bitsandbytes, GPTQ, AWQ, FP8, …"""
    written = model.config.get("quantization_config") or model.config.get("compression_config")
    beside = next((n for n in QUANTIZED_BESIDE if (model.folder / n).is_file()), None)
    if not written and beside is None:
        yield from _quantized_tensors(model)
        return
    about = written if isinstance(written, dict) else read_settings(model.folder / (beside or ""))
    bits = about.get("bits") or about.get("w_bit") or (4 if about.get("load_in_4bit") else None)
    method = about.get("quant_method") or (beside and "GPTQ or AWQ") or "of an unknown kind"
    how = f"{method}{f', {bits} bits' if bits else ''}"
    message = f"is quantized already ({how}); trials adapt unquantized weights"
    fix = "Give the model that it was made from, and write model.quantization: nf4 (or int8)"
    yield Finding(NAME, model.name, message, fix)


def _quantized_tensors(model: ModelFolder) -> Iterator[Finding]:
    """The same where only the names of tensors say so."""
    found = next((name for name in model.shapes if name.endswith(QUANTIZED_TENSORS)), None)
    if found is not None:
        message = f"is quantized already (it holds {found}, and config.json does not say how)"
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
    if names and all(name.endswith(OTHER_HEADS) or _headless(name) for name in names):
        message = f"is a {names[0]}: it has no head that writes text, a random one would be used"
        yield Finding(NAME, model.name, message, "Give a causal language model")


def _headless(name: str) -> bool:
    """Whether an architecture is a body without a head: LlamaModel, BertModel."""
    return name.endswith("Model") and not name.endswith("HeadModel")


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


CHECKS: tuple[Check, ...] = (
    shards,
    layers,
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
