"""What identifies a model folder's content, without reading gigabytes of it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainables.models.header import header_of

# of each tensor: a merged adapter changes nearly every number of the tensors that it touches, and
# none of the others, so that a file's first and last bytes may well be the same
BLOCK = 4096
COMMIT_DIGITS = 40
PROBE = "What is a probe?"


def folder_fingerprint(folder: Path) -> str:
    """A SHA-256 over a model's configuration and weights, as `weights_fingerprint` samples them."""
    config = hashlib.sha256((folder / "config.json").read_bytes()).hexdigest()
    return hashlib.sha256(f"{config}{weights_fingerprint(folder)}".encode()).hexdigest()


def weights_fingerprint(folder: Path) -> str:
    """A SHA-256 over each safetensors file's name, size and header, and the first, middle and last
    4 KiB of every tensor. Single numbers changed elsewhere are not seen."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(f"{file.name}:{file.stat().st_size}".encode())
        with file.open("rb") as stream:
            header, first = header_of(stream, file)
            digest.update(json.dumps(header, sort_keys=True).encode())
            for begin, end in _places(header):
                stream.seek(first + begin)
                digest.update(stream.read(end - begin))
    return digest.hexdigest()


def _places(header: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """First and last byte of each sample, counted from the end of the header."""
    for name, tensor in sorted(header.items()):
        if name == "__metadata__":
            continue
        yield from sampled(tensor)


def sampled(tensor: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """The same of one tensor."""
    begin, end = tensor["data_offsets"]
    if end - begin <= 3 * BLOCK:
        yield begin, end
        return
    middle = (begin + end - BLOCK) // 2
    yield from ((at, at + BLOCK) for at in (begin, middle, end - BLOCK))


def commit_of(folder: Path) -> str | None:
    """The commit of a folder of the hub's cache, whose name it is; None for any other folder."""
    name = folder.name
    known = folder.parent.name == "snapshots" and len(name) == COMMIT_DIGITS
    return name if known else None


def rendered_chat(tokenizer: Any, system_prompt: str | None) -> str:
    """A conversation as the model's chat format writes it: what its template comes to."""
    from trainables.data.chat_format import chat_format, render

    return "".join(render(tokenizer, chat_format(tokenizer, system_prompt), PROBE, "An answer."))
