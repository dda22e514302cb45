"""The packing benchmark on the toy model: it prints and writes what it promises."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import packing

FIELDS = {
    "engine", "k", "tokens", "tokens_per_s", "vs_isolated", "vs_solo", "peak_gb",
    "share_of_limit", "device",
}  # fmt: skip


def test_a_table_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "packing.json"
    words = "packing --model toy --tokens 16 --k 1 2 --steps 2 --warm 1 --rounds 1 --r 2"
    words += " --profile --json"
    monkeypatch.setattr(sys, "argv", [*words.split(), str(out)])
    packing.main()
    rows = json.loads(out.read_text())
    assert [(row["engine"], row["k"]) for row in rows] == [
        ("isolated", 1),
        ("eager", 1),
        ("packed", 1),
        ("packed", 2),
    ]
    assert all(row.keys() >= FIELDS for row in rows)
    assert rows[0]["vs_isolated"] == rows[2]["vs_solo"] == 1
    assert rows[3]["vs_solo"] == pytest.approx(
        rows[3]["tokens_per_s"] / rows[2]["tokens_per_s"], rel=1e-2
    )
    assert capsys.readouterr().out.count("engine=") == 4
    assert ["profile" in row for row in rows] == [False, False, False, True]
    profile = rows[3]["profile"]
    # two layers of q, k, v, o and three of the MLP, forward and back
    products = sum(
        op["calls"] for op in profile["top"] if op["name"] in ("aten::mm", "aten::addmm")
    )
    assert products >= 2 * 7 * 2 - 2
    assert profile["launches"] > products
    assert 0 < profile["busy"] < 1.5


@pytest.mark.parametrize("tokens", [64, 128, 512])
def test_a_step_has_the_tokens_that_it_says(tokens: int) -> None:
    config, data = packing.trial(tokens, 4, ["q_proj"], seed=1)
    batch = config.training.per_device_train_batch_size
    assert batch * int(data.train.lengths()[0]) == tokens
    assert np.all(data.train.answer_start * 2 == data.train.lengths())
