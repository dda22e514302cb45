"""Whether a model folder makes a model, tried before any trial starts: built without its weights,
each of them looked up in the files as it would be for a trial."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainables.errors import InputError
from trainables.models.load import refuse_random
from trainables.models.model_folder import NAME
from trainables.models.tokenizer import load_tokenizer
from trainables.models.zeros import refuse_unwritten

FIX = "Save it again with its own config.json, or fetch all of its files"


def refuse_unloadable(name: str, folder: Path) -> None:
    """InputError where transformers could not load the model or its tokenizer, would make up some
    of its weights, or where its tokenizer has tokens that the model does not know."""
    model = _shell(name, folder)
    refuse_unwritten(name, folder)
    tokens = max(load_tokenizer(folder).get_vocab().values(), default=-1) + 1
    known = model.get_input_embeddings().weight.shape[0]
    if tokens > known:
        message = f"has a tokenizer of {tokens} tokens, but only {known} of them have an embedding"
        fix = "Give it the tokenizer that it was trained with, its special tokens among them"
        raise InputError(NAME, name, message, fix)


def _shell(name: str, folder: Path) -> Any:
    """The model on torch's device `meta`: shapes, no numbers."""
    from transformers import AutoModelForCausalLM

    with _quiet():
        try:
            model, found = AutoModelForCausalLM.from_pretrained(
                folder,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                device_map={"": "meta"},
            )
        except Exception as error:  # whatever a wrong config.json makes a model's code raise
            why = " ".join(str(error).split())[:160]
            message = f"cannot be loaded ({type(error).__name__}: {why})"
            raise InputError(NAME, name, message, FIX) from error
    if wrong := sorted(found["mismatched_keys"]):
        tensor, given, wanted = wrong[0]
        message = f"{len(wrong)} of its tensors have another shape than its config.json asks for"
        shapes = f"e.g. {tensor} {list(given)}, not {list(wanted)}"
        raise InputError(NAME, name, f"{message}, {shapes}", FIX)
    refuse_random(name, found["missing_keys"])
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers' own account of what did not fit is left out: it is told in a sentence."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)
