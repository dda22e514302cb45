"""The PPO benchmark on the toy model: it prints and writes what it promises."""

import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import ppo

FIELDS = {
    "engine", "trials", "iteration_s", "rollout_s", "rollout_tokens_per_s", "answer_tokens",
    "vs_isolated", "peak_gb", "batch", "response_length", "device",
}  # fmt: skip


def test_a_table_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, threads = tmp_path / "new" / "ppo.json", torch.get_num_threads()
    words = "ppo --model toy --quantization none --batch 2 --response 4 --epochs 1 --k 3"
    words += " --steps 2 --warm 1 --r 2 --profile --json"
    monkeypatch.setattr(sys, "argv", [*words.split(), str(out)])
    torch.set_num_threads(1)  # no processes of one thread each
    try:
        ppo.main()
    finally:
        torch.set_num_threads(threads)
    rows = json.loads(out.read_text())
    *rows, told = rows
    assert [(row["engine"], row["trials"]) for row in rows] == [("one by one", 1), ("packed", 3)]
    assert (told["engine"], told["trials"]) == ("profile", 3)
    assert told["profile"]["launches"] > told["profile"]["top"][0]["calls"] > 0
    assert set(rows[0]) >= FIELDS
    assert rows[0]["vs_isolated"] == 1
    for row in rows:
        assert 0 < row["rollout_s"] < row["iteration_s"]
        assert 0 < row["answer_tokens"] <= row["trials"] * 2 * 4
    assert "vs_isolated=" in capsys.readouterr().out
