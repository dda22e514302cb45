"""What a safetensors file says of its tensors, read from its first bytes: no weights, no torch.

Format: https://huggingface.co/docs/safetensors (8 bytes of little-endian length, then JSON).
"""

import json
import struct
from pathlib import Path

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
        prefix = stream.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 0 < length <= MAX_HEADER_BYTES:
            raise ValueError(f"{file} is not a safetensors file (header of {length} bytes)")
        content = stream.read(length)
    try:
        tensors = json.loads(content).items()
        return {name: tuple(t["shape"]) for name, t in tensors if name != "__metadata__"}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a safetensors file (its header: {error})") from error
