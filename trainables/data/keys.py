"""Cache keys: what the rows, and what the tokens, depend on."""

import hashlib
import json
from typing import Any

from trainables.data.config import DataConfig
from trainables.data.sources.registry import source_of
from trainables.errors import InputError

FORMAT = 1  # raise it when the same configuration would give other rows or other tokens


def online_fingerprint(data: DataConfig) -> str:
    """What identifies the source's content; asks the network if need be. Raises InputError."""
    fingerprint = source_of(data).fingerprint(data, True)
    if fingerprint is None:
        raise InputError("data.source", data.source, "its version cannot be told")
    return fingerprint


def text_key(data: DataConfig, fingerprint: str) -> str:
    """24 hex digits over all that decides which rows are in which split."""
    settings = data.model_dump(
        mode="json", include={"fields", "cleaning", "limit", "seed", "split"}
    )
    return _digest([FORMAT, fingerprint, settings])


def token_key(data: DataConfig, text_key: str, tokenizer_key: str, max_length: int) -> str:
    """24 hex digits over all that decides the rows' tokens; `max_length` in tokens."""
    return _digest([FORMAT, text_key, data.system_prompt, tokenizer_key, max_length])


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
