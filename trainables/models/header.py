"""What a safetensors file says of its tensors, read from its first bytes: no weights, no torch.

Format: https://huggingface.co/docs/safetensors (8 bytes of little-endian length, then JSON).
"""

import json
import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
ITEM_BYTES = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape, over all .safetensors files of a model folder.

    Raises ValueError for a file whose header is not safetensors, OSError where it is unreadable.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        shapes.update(file_shapes(file))
    return shapes


def file_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape of one file; raises as `tensor_shapes`."""
    if not file.is_file():  # a pipe would be waited for
        raise ValueError(f"{file} is no file: a folder, a pipe, or a link that leads nowhere")
    with file.open("rb") as stream:
        header, first = header_of(stream, file)
    promised, there = first + data_bytes(header, file), file.stat().st_size
    if promised > there:
        raise ValueError(f"{file} is not a whole safetensors file (its tensors are cut off)")
    if promised < there:
        extra = f"{there - promised:,} bytes that its header does not name"
        raise ValueError(f"{file} is not a safetensors file ({extra})")
    return {name: tuple(t["shape"]) for name, t in _tensors(header, file).items()}


def data_bytes(header: dict[str, Any], file: Path) -> int:
    """How many bytes of data a header promises; raises as `tensor_shapes`."""
    ends = (int(tensor["data_offsets"][1]) for tensor in _tensors(header, file).values())
    return max(ends, default=0)


def _tensors(header: dict[str, Any], file: Path) -> dict[str, Any]:
    found = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    for name, tensor in found.items():
        _check(tensor, name, file)
    at = 0
    for name, tensor in sorted(found.items(), key=lambda item: item[1]["data_offsets"]):
        if tensor["data_offsets"][0] != at:  # a hole, or two tensors in one place
            _lies(name, file)
        at = tensor["data_offsets"][1]
    return found


def _lies(name: str, file: Path) -> None:
    raise ValueError(f"{file} is not a safetensors file (its header lies about {name[:80]!r})")


def _check(tensor: Any, name: str, file: Path) -> None:
    """ValueError where a tensor is described by anything but the numbers that belong together."""
    try:
        shape, (begin, end) = tensor["shape"], tensor["data_offsets"]
        numbers = [*shape, begin, end]
        right = all(type(n) is int and n >= 0 for n in numbers) and begin <= end
        size = ITEM_BYTES.get(tensor["dtype"])
        right = right and (size is None or math.prod(shape) * size == end - begin)
    except (KeyError, TypeError, ValueError):
        right = False
    if not right:
        _lies(name, file)


def header_of(stream: BinaryIO, file: Path) -> tuple[dict[str, Any], int]:
    """The header of an open safetensors file, and where its data begins; raises as
    `tensor_shapes`."""
    prefix = stream.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
    if not 0 < length <= MAX_HEADER_BYTES:
        raise ValueError(f"{file} is not a safetensors file (header of {length} bytes)")
    if length > file.stat().st_size - 8:
        raise ValueError(f"{file} is not a safetensors file (header of {length} bytes)")
    try:
        header = json.loads(stream.read(length))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not a safetensors file (its header: {error})") from error
    if not isinstance(header, dict):
        raise ValueError(f"{file} is not a safetensors file (its header is no object)")
    return header, 8 + length
