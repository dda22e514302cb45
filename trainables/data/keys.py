"""Cache keys: what the rows, and what the tokens, depend on."""

import hashlib
import json
from typing import Any

from trainables.data.components import components_of
from trainables.data.config import DataConfig
from trainables.data.sources.registry import source_of
from trainables.errors import InputError

FORMAT = 4  # raise it when the same configuration would give other rows or other tokens


Fingerprints = dict[str, str]  # by component; a single source has the name ""
OWN = {"fields", "limit", "instruction", "rationale"}
SHARED = {"cleaning", "seed", "split", "folds", "fold"}


def online_fingerprints(data: DataConfig) -> Fingerprints:
    """What identifies the sources' content; asks the network if need be. Raises InputError."""
    return {name: _online(part) for name, part in components_of(data).items()}


def known_fingerprints(data: DataConfig) -> Fingerprints | None:
    """The same without the network; None where one cannot be told."""
    found = {n: source_of(part).fingerprint(part, False) for n, part in components_of(data).items()}
    known = {name: fingerprint for name, fingerprint in found.items() if fingerprint is not None}
    return known if len(known) == len(found) else None


def text_key(data: DataConfig, fingerprints: Fingerprints) -> str:
    """24 hex digits over all that decides which rows are in which split; weights do not."""
    parts = [
        [name, fingerprints[name], part.model_dump(mode="json", include=OWN)]
        for name, part in components_of(data).items()
    ]
    return digest([FORMAT, parts, data.model_dump(mode="json", include=SHARED)])


def _online(data: DataConfig) -> str:
    fingerprint = source_of(data).fingerprint(data, True)
    if fingerprint is None:
        raise InputError("data.source", data.source, "its version cannot be told")
    return fingerprint


def token_key(data: DataConfig, text_key: str, tokenizer_key: str, max_length: int) -> str:
    """24 hex digits over all that decides the rows' tokens; `max_length` in tokens."""
    return digest([FORMAT, text_key, data.system_prompt, tokenizer_key, max_length])


def digest(content: list[Any]) -> str:
    """24 hex digits of a SHA-256 over JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
