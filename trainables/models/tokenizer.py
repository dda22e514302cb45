"""A model folder's tokenizer, and a key that changes when its tokens would."""

import hashlib
from pathlib import Path
from typing import Any

from trainables.errors import InputError
from trainables.models.calendar import moves_with_calendar, pin, today

FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "special_tokens_map.json",
    # of tokenizers without a tokenizer.json, and of templates beside the main one
    *("added_tokens.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "bpe.codes"),
    "chat_template.json",
)


FILE_BYTES = 200_000_000  # the largest published tokenizer.json have 35 MB
TEMPLATE_BYTES = 4_000_000


def check_sizes(folder: Path) -> None:
    """Raises InputError for a file of the tokenizer that is too large to be one."""
    for name in FILES:
        file = folder / name
        limit = TEMPLATE_BYTES if file.suffix == ".jinja" else FILE_BYTES
        if file.is_file() and (size := file.stat().st_size) > limit:
            message = f"{file} has {size:,} bytes, a tokenizer's at most {limit:,}"
            fix = "The folder is damaged, or no model's: fetch it again or take another model."
            raise InputError("model.name_or_path", None, message, fix)


def tokenizer_key(folder: Path, day: str | None = None) -> str:
    """16 hex digits over the files that decide how text becomes tokens, and where a chat template
    writes today's date over the `day` that it writes (None: today)."""
    digest = hashlib.sha256()
    check_sizes(folder)
    for name in FILES:
        if (folder / name).is_file():
            digest.update(name.encode() + b"\0" + (folder / name).read_bytes())
    if moves_with_calendar(folder):
        digest.update((day or today()).encode())
    return digest.hexdigest()[:16]


def load_tokenizer(folder: Path, day: str | None = None) -> Any:
    """The tokenizer, with a padding token (the end-of-sequence token where it has none).

    `day` is what its chat template writes as today's date, if it writes one (None: today).
    Raises InputError.
    """
    from transformers import AutoTokenizer

    check_sizes(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # whatever a damaged file makes its readers raise
        raise unusable(folder, error) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token is None:
        message = "has a tokenizer without an end and a padding token: answers could never end"
        fix = "Name eos_token in its tokenizer_config.json, or fetch that file"
        raise InputError("model.name_or_path", str(folder), message, fix)
    pin(tokenizer, day)
    return tokenizer


def unusable(folder: Path, error: Exception) -> InputError:
    """The error for a folder whose tokenizer is not there, or damaged."""
    there = [name for name in FILES if (folder / name).is_file()]
    if not {"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt"} & {*there}:
        message = "has no tokenizer (neither tokenizer.json nor another's files)"
    else:
        first = str(error).strip().splitlines()[0:1]
        why = f"{type(error).__name__}: {''.join(first)[:120]}"
        message = f"has a tokenizer that cannot be read ({', '.join(there)}; {why})"
    fix = "Fetch the model again, whole, with its tokenizer's files"
    return InputError("model.name_or_path", str(folder), message, fix)
