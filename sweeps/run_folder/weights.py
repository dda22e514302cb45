"""Adapters, whole models and checkpoints as files of a trial's folder."""

import zlib
from pathlib import Path

from sweeps.run_folder.atomic import write_bytes, write_json
from sweeps.run_folder.plain_files import read_json
from trainables.models.header import data_bytes, header_of
from trainables.saved import Checkpoint, SavedAdapter

# what is kept of a trial's best step: PEFT's files, or where all weights are trained a model's
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
OPTIMIZER = "optimizer.safetensors"  # of a checkpoint
SUMS = "crc32"  # in state.json: of its safetensors files, since a disk may give zeros for them
ADAPTER_FILES = (f"adapter/{CONFIG}", f"adapter/{WEIGHTS}")
MODEL_FILES = ("model/config.json", "model/model.safetensors")  # where all weights are trained


def write_adapter(folder: Path, adapter: SavedAdapter) -> None:
    """Write what is kept of a best step into a trial's folder."""
    config, weights = MODEL_FILES if adapter.whole else ADAPTER_FILES
    write_json(folder / config, adapter.config)
    write_bytes(folder / weights, adapter.weights)


def read_adapter(folder: Path) -> SavedAdapter | None:
    """The PEFT adapter that is kept in a trial's folder, if there is one."""
    config, weights = (folder / name for name in ADAPTER_FILES)
    settings = read_json(config)
    return SavedAdapter(settings, weights.read_bytes()) if settings and _is_whole(weights) else None


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint's files into a folder that exists; frozen adapters in PEFT's format."""
    write_bytes(folder / "adapter.safetensors", checkpoint.adapter)
    write_bytes(folder / OPTIMIZER, checkpoint.optimizer)
    for role, adapter in checkpoint.frozen.items():
        write_json(folder / "frozen" / role / CONFIG, adapter.config)
        write_bytes(folder / "frozen" / role / WEIGHTS, adapter.weights)
    sums = {name: zlib.crc32(content) for name, content in _tensors(checkpoint).items()}
    write_json(folder / "state.json", {**checkpoint.state, SUMS: sums})


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder, or None where a file of it is missing, cut short or not what was
    written."""
    state, roles = read_json(folder / "state.json"), sorted(folder.glob("frozen/*"))
    parts = [folder / "adapter.safetensors", folder / OPTIMIZER]
    configs = [read_json(role / CONFIG) for role in roles]
    weights = [role / WEIGHTS for role in roles]
    if state is None or not isinstance(state.get("step"), int) or None in configs:
        return None
    if not all(map(_is_whole, [*parts, *weights])):
        return None
    sums = state.pop(SUMS, None)  # an earlier version wrote none
    frozen = {
        role.name: SavedAdapter(config or {}, file.read_bytes())
        for role, config, file in zip(roles, configs, weights, strict=True)
    }
    adapter, optimizer = (part.read_bytes() for part in parts)
    found = Checkpoint(adapter, optimizer, state, frozen=frozen)
    if sums is not None and sums != {n: zlib.crc32(x) for n, x in _tensors(found).items()}:
        return None
    return found


def _tensors(checkpoint: Checkpoint) -> dict[str, bytes]:
    """Its safetensors files, by name."""
    frozen = {f"frozen/{role}": adapter.weights for role, adapter in checkpoint.frozen.items()}
    return {"adapter": checkpoint.adapter, "optimizer": checkpoint.optimizer, **frozen}


def kept_weights(folder: Path) -> Path | None:
    """The safetensors file of a trial's best step in its folder, if it has one yet."""
    for _, weights in (ADAPTER_FILES, MODEL_FILES):
        if (folder / weights).is_file():
            return folder / weights
    return None


def _is_whole(path: Path) -> bool:
    """Whether a safetensors file has all the bytes that its header names, and was not emptied (see
    `retention`)."""
    try:
        with path.open("rb") as stream:
            header, start = header_of(stream, path)
        whole = path.stat().st_size == start + data_bytes(header, path)
    except (OSError, ValueError):
        return False
    return whole and "removed" not in (header.get("__metadata__") or {})
