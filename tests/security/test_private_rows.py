"""`data.private: true` of every kind: no word of a row is in any file, message or report."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from medsweep.main import run_app
from tests.security.planted import contents

CANARY = "zebrafinch"
ENDS = ("sore throat", "fever", "cough", "rash", "headache", "nausea", "pain", "fatigue", "itch")
TRAINING = {"max_steps": 2, "per_device_train_batch_size": 4, "max_length": 96}
GROUPS = {"max_completion_length": 6, "num_generations": 2}
BRIEF = {"weights": {"brevity": 1}}
OWN: dict[str, dict[str, Any]] = {
    "sft": {"training": TRAINING},
    "reward": {"training": TRAINING},
    "dpo": {"training": TRAINING},
    "ppo": {"training": {**TRAINING, "response_length": 6}, "reward": BRIEF},
    "grpo": {"training": {**TRAINING, **GROUPS}, "reward": BRIEF},
}
PAIRED = ("reward", "dpo")


def rows(file: Path, kind: str) -> Path:
    """48 rows, or pairs, each with the canary in every text."""
    texts = [(f"{CANARY}q{i} has {end}?", f"{CANARY}a{i} {end}.") for i in range(6) for end in ENDS]
    if kind in PAIRED:
        lines = [{"prompt": q, "chosen": f"Rest, {a}", "rejected": f"Run, {a}"} for q, a in texts]
    else:
        lines = [{"question": q, "answer": f"Rest, {a}"} for q, a in texts]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def spec(folder: Path, kind: str, source: Path) -> Path:
    """A sweep of one tiny trial on private rows."""
    data = {"source": str(source), "private": True, "system_prompt": None}
    model = {"name_or_path": "toy:llama", "dtype": "float32"}
    evaluation = {"limit": 3, "max_new_tokens": 6}
    trial = {"kind": kind, "model": model, "data": data, "evaluation": evaluation, **OWN[kind]}
    file = folder / "spec.yaml"
    file.write_text(yaml.safe_dump({"name": "private", "trial": trial}))
    return file


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", OWN)
def test_no_word_of_a_private_row_is_left_anywhere(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = spec(tmp_path, kind, rows(tmp_path / "rows.jsonl", kind))
    out, run = tmp_path / "runs", tmp_path / "runs/private"
    assert run_app(["trial", str(file), "--output", str(out), "--yes"]) == 0, capfd.readouterr()
    run_app(["report", str(run)])
    run_app(["best", str(run), "--export", str(tmp_path / "runs/export")])
    run_app(["status", str(run)])
    run_app(["rows", str(file)])
    run_app(["plan", str(file), "--prepare"])
    told = capfd.readouterr()
    assert "private" in told.out
    assert CANARY not in told.out + told.err
    made = list(contents(out, tmp_path / "cache"))
    assert [str(path) for path in made if CANARY.encode() in path.read_bytes()] == []
    tokens = [str(p) for p in contents(tmp_path / "cache") if p.suffix == ".parquet"]
    assert tokens == []  # nor as tokens
    assert not [p for p in run.rglob("predictions.jsonl") if p.read_bytes().strip()]


DAMAGE = {
    "no JSON": f'{{"question": "{CANARY}',
    "no object": f'"{CANARY}"',
    "a number for a text": f'{{"question": "{CANARY}", "answer": 5}}',
    "no answer": f'{{"question": "{CANARY}"}}',
    "another column": f'{{"{CANARY}": "x"}}',
    "a chat of nobody": f'{{"messages": [{{"role": "{CANARY}", "content": "{CANARY}"}}]}}',
    "half a character": f'{{"question": "{CANARY}\\ud800", "answer": "{CANARY}"}}',
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE)
def test_no_error_says_a_word_of_a_private_row(
    line: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = rows(tmp_path / "rows.jsonl", "sft").read_text()
    (tmp_path / "rows.jsonl").write_text(good + line + "\n")
    file = spec(tmp_path, "sft", tmp_path / "rows.jsonl")
    run_app(["plan", str(file), "--prepare"])
    run_app(["rows", str(file), "--dropped"])
    told = capfd.readouterr()
    assert CANARY not in told.out + told.err
    assert "Traceback" not in told.err
