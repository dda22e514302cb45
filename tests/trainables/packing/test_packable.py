"""What runs isolated, and why."""

from typing import Any

import pytest

from tests.trainables.sft.trials import config
from trainables.packing.packable import unpackable


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"lora": {"use_dora": True}}, "DoRA"),
        ({"lora": {"modules_to_save": ["lm_head"]}}, "modules_to_save"),
        ({"training": {"fp16": True}}, "another precision"),
        ({"training": {"bf16": True}}, "another precision"),
    ],
)
def test_the_reason_is_told(sections: dict[str, Any], reason: str) -> None:
    assert reason in (unpackable(config(**sections)) or "")


def test_float16_packs() -> None:
    assert unpackable(config(model={"dtype": "float16"})) is None
    assert unpackable(config(model={"dtype": "float16"}, training={"fp16": True})) is None
    assert unpackable(config(model={"dtype": "auto"}, training={"bf16": True})) is None


@pytest.mark.parametrize("quantization", ["none", "nf4", "int8"])
def test_all_else_packs(quantization: str) -> None:
    assert unpackable(config(model={"quantization": quantization})) is None
