"""What a safetensors file says of its tensors, read from its first bytes: no weights, no torch.

Format: https://huggingface.co/docs/safetensors (8 bytes of little-endian length, then JSON).
"""

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

MAX_HEADER_BYTES = 100_000_000  # the format's own limit


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape, over all .safetensors files of a model folder.

    Raises ValueError for a file whose header is not safetensors.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        shapes.update(file_shapes(file))
    return shapes


def file_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape of one file; raises as `tensor_shapes`."""
    with file.open("rb") as stream:
        header, _ = header_of(stream, file)
    try:
        return {name: tuple(t["shape"]) for name, t in header.items() if name != "__metadata__"}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a safetensors file (its header: {error})") from error


def header_of(stream: BinaryIO, file: Path) -> tuple[dict[str, Any], int]:
    """The header of an open safetensors file, and where its data begins; raises as
    `tensor_shapes`."""
    prefix = stream.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
    if not 0 < length <= MAX_HEADER_BYTES:
        raise ValueError(f"{file} is not a safetensors file (header of {length} bytes)")
    try:
        header = json.loads(stream.read(length))
    except ValueError as error:
        raise ValueError(f"{file} is not a safetensors file (its header: {error})") from error
    if not isinstance(header, dict):
        raise ValueError(f"{file} is not a safetensors file (its header is no object)")
    return header, 8 + length
