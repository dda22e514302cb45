"""Cache keys: what the rows, and what the tokens, depend on."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from trainables.data.components import components_of
from trainables.data.config import DataConfig
from trainables.data.held_out import HELD, S, all_held, at_held, held_label, held_parts
from trainables.data.lengths import Lengths
from trainables.data.sources.registry import source_of
from trainables.errors import InputError

FORMAT = 8  # raise it when the same configuration would give other rows or other tokens


# by component (a single source has the name ""), and by `held_label` of rows of their own
Fingerprints = dict[str, str]
OWN = {"fields", "limit", "split_limit", "instruction", "rationale"}
SHARED = {"cleaning", "seed", "split", "validation_seed", "folds", "fold"}


def online_fingerprints(data: DataConfig) -> Fingerprints:
    """What identifies the sources' content; asks the network if need be. Raises InputError."""
    parts = components_of(data)
    own = {name: _online(part) for name, part in parts.items()}
    return own | {label: _online_held(label, part) for label, part in apart_of(data)}


def apart_of(data: DataConfig) -> Iterator[tuple[str, DataConfig]]:
    """Every section of rows apart by its label: those of the components, and of a whole mixture."""
    for name, part in components_of(data).items():
        yield from all_held(part, name)
    if data.mixture is not None:
        yield from all_held(data, "")


def _online_held(label: str, part: DataConfig) -> str:
    try:
        return _online(part)
    except InputError as error:
        which = next(which for which in HELD if f"/{which}/" in label)
        raise at_held(error, which) from error


def known_fingerprints(data: DataConfig) -> Fingerprints | None:
    """The same without the network; None where one cannot be told."""
    parts = components_of(data)
    asked = {**parts, **dict(apart_of(data))}
    found = {name: source_of(part).fingerprint(part, False) for name, part in asked.items()}
    known = {name: fingerprint for name, fingerprint in found.items() if fingerprint is not None}
    return known if len(known) == len(found) else None


def text_key(data: DataConfig, fingerprints: Fingerprints) -> str:
    """24 hex digits over all that decides which rows are in which split; weights do not."""
    parts = [
        [
            *(name, fingerprints[name], part.model_dump(mode="json", include=OWN)),
            *held_fingerprints(name, part, fingerprints),
        ]
        for name, part in components_of(data).items()
    ]
    whole = []
    if data.mixture is not None and (own := held_fingerprints("", data, fingerprints)):
        whole = [[own, data.model_dump(mode="json", include=OWN)]]
    return digest([FORMAT, parts, data.model_dump(mode="json", include=SHARED), *whole])


def held_fingerprints(name: str, part: S, fingerprints: Fingerprints) -> list[Any]:
    """Of rows of their own, the content; nothing where there are none, as before there could be."""
    return [
        [which, [fingerprints[held_label(name, which, n)] for n in range(len(own))]]
        for which in HELD
        if (own := held_parts(part, which))
    ]


def _online(data: DataConfig) -> str:
    fingerprint = source_of(data).fingerprint(data, True)
    if fingerprint is None:
        raise InputError("data.source", data.source, "its version cannot be told")
    return fingerprint


def token_key(data: DataConfig, text_key: str, tokenizer_key: str, lengths: Lengths) -> str:
    """24 hex digits over all that decides the rows' tokens."""
    later = [] if data.loss_turns == "all" else [data.loss_turns]
    return digest([FORMAT, text_key, data.system_prompt, tokenizer_key, *lengths.key, *later])


def digest(content: list[Any]) -> str:
    """24 hex digits of a SHA-256 over JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
