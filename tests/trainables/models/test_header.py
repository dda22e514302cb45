"""Tensor shapes from safetensors headers, and files that are none."""

import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from trainables.models.header import MAX_HEADER_BYTES, tensor_shapes


def test_shapes_over_all_files_of_a_folder(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(5)}, tmp_path / "m-1.safetensors")
    save_file(
        {"c": torch.zeros(1, 2, 4, dtype=torch.int8)},
        tmp_path / "m-2.safetensors",
        metadata={"format": "pt"},
    )
    (tmp_path / "config.json").write_text("{}")
    assert tensor_shapes(tmp_path) == {"a": (2, 3), "b": (5,), "c": (1, 2, 4)}


def test_a_folder_without_weights(tmp_path: Path) -> None:
    assert tensor_shapes(tmp_path) == {}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x05\0\0", id="cut in the length"),
        pytest.param(struct.pack("<Q", 0), id="no header"),
        pytest.param(struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{}", id="huge"),
        pytest.param(struct.pack("<Q", 2**63) + b"{}", id="absurd"),
        pytest.param(struct.pack("<Q", 100) + b'{"a": {"sha', id="cut in the header"),
        pytest.param(struct.pack("<Q", 4) + b"\x80\x02}q", id="a pickle"),
        pytest.param(struct.pack("<Q", 2) + b"[]", id="a list"),
        pytest.param(struct.pack("<Q", 12) + b'{"a": [1,2]}', id="no shape"),
    ],
)
def test_what_is_not_safetensors(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors is not a safetensors file"):
        tensor_shapes(tmp_path)
