"""Weights that were never written: half a download whose room on the disk was taken beforehand."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainables.errors import InputError
from trainables.models.fingerprint import sampled
from trainables.models.header import header_of
from trainables.models.model_folder import NAME

SHARE = 0.25  # of the matrices; a model may well begin with a few that are zero
TOP_BYTES = {"BF16": (2, 0x7F80, 0x7F), "F16": (2, 0x7C00, 0x3FF), "F32": (4, 0x7F800000, 0x7FFFFF)}


def refuse_unwritten(name: str, folder: Path) -> None:
    """InputError where a quarter of a file's matrices are zero, or one holds NaN, as far as the
    samples of its fingerprint tell."""
    for file in sorted(folder.glob("*.safetensors")):
        matrices = dict(_matrices(file))
        empty = [tensor for tensor, (_, data) in matrices.items() if not any(data)]
        if len(empty) > SHARE * len(matrices):
            message = f"{file.name} holds zeros where weights belong, e.g. in {empty[0]}"
            fix = "It is half a download: fetch the model again, whole"
            raise InputError(NAME, name, message, fix)
        broken = next((t for t, (kind, data) in matrices.items() if has_nan(kind, data)), None)
        if broken is not None:
            message = f"{file.name} holds NaN in {broken}: no answer and no loss would be a number"
            raise InputError(NAME, name, message, "Fetch the model again, or take another")


def _matrices(file: Path) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Each matrix of a file: its type and samples of its bytes."""
    with file.open("rb") as stream:
        header, first = header_of(stream, file)
        for name, tensor in sorted(header.items()):
            if name == "__metadata__" or not _is_matrix(tensor):
                continue
            pieces = []
            for begin, end in sampled(tensor):
                stream.seek(first + begin)
                pieces.append(stream.read(end - begin))
            yield name, (str(tensor["dtype"]), b"".join(pieces))


def _is_matrix(tensor: dict[str, Any]) -> bool:
    return len(tensor["shape"]) > 1 and math.prod(tensor["shape"]) > 0


def has_nan(kind: str, data: bytes) -> bool:
    """Whether little-endian numbers of a safetensors type hold NaN; of types unknown here False.

    >>> has_nan("BF16", bytes.fromhex("c07f")), has_nan("BF16", bytes.fromhex("803f"))
    (True, False)
    """
    import numpy as np

    if kind not in TOP_BYTES:
        return False
    size, exponent, fraction = TOP_BYTES[kind]
    numbers = np.frombuffer(data[: len(data) // size * size], f"<u{size}")
    return bool((((numbers & exponent) == exponent) & ((numbers & fraction) != 0)).any())
