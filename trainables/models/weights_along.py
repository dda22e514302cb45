"""What a model folder's tensors say beside its config.json: heads, vocabulary, layers, files."""

import re
from collections.abc import Iterator
from pathlib import Path

from trainables.models.model_folder import NAME, Finding, ModelFolder, read_settings

EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")
LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
HEADS = ("lm_head.weight", "embed_out.weight")


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
    for what, has in (("an embedding", rows), ("an output head", model.rows(HEADS))):
        if has is not None and isinstance(size, int) and size != has:
            message = f"has {what} of {has} rows, its config.json says vocab_size {size}"
            fix = "Save the model again with its own config.json"
            yield Finding(NAME, model.name, message, fix)
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


def layers(model: ModelFolder) -> Iterator[Finding]:
    """Layers that config.json names and no file holds: transformers would make them up."""
    said = next((n for k in LAYERS if isinstance(n := model.config.get(k), int)), None)
    held = {int(found[1]) for name in model.shapes if (found := LAYER.search(name))}
    if said is None or not held or said in (len(held), max(held) + 1):
        return
    fix = "Save the model again with its own config.json, or fetch all of its files"
    if said < 1:
        yield Finding(NAME, model.name, f"has a config.json with {said} layers", fix)
    elif said > len(held):
        message = f"has {len(held)} layers in its files, its config.json says {said}: the others "
        yield Finding(NAME, model.name, f"{message}would be random", fix)
    else:
        message = f"has {len(held)} layers in its files, its config.json says {said}: the others "
        yield Finding(NAME, model.name, f"{message}are left out", "", refused=False)


def shards(model: ModelFolder) -> Iterator[Finding]:
    """An index without files, files without an index, and what of another folder one names."""
    fix = "Fetch the model again, whole"
    if not (model.folder / INDEX).is_file():
        if not (model.folder / WHOLE).is_file():
            parts = sorted(file.name for file in model.folder.glob("*.safetensors"))
            message = f"has weights in {', '.join(parts[:3])}, but neither {WHOLE} nor {INDEX}"
            yield Finding(NAME, model.name, message, fix)
        return
    index = read_settings(model.folder / INDEX).get("weight_map")
    names = {str(name) for name in index.values()} if isinstance(index, dict) else set()
    if not names:
        yield Finding(NAME, model.name, f"has a {INDEX} that names no files (weight_map)", fix)
    missing = sorted(name for name in names if not (model.folder / name).is_file())
    if missing:
        message = f"lacks {len(missing)} of its {len(names)} files of weights, e.g. {missing[0]}"
        yield Finding(NAME, model.name, message, fix)
    elif outside := sorted(name for name in names if Path(name).name != name):
        message = f"has a {INDEX} that names a file outside its folder: {outside[0]}"
        yield Finding(NAME, model.name, message, "Put all its files into one folder")


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
