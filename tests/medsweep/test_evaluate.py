"""`medsweep evaluate` on the toy model: its file, going on, and what it says of mistakes."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from analysis.rows import load_rows
from medsweep.main import run_app
from tests.trainables.evaluation.benchmarks.fixtures import write_data
from tests.trainables.evaluation.test_endpoint import Handler, Server
from trainables.evaluation.benchmarks import store
from trainables.models.config import ModelConfig
from trainables.models.load import load_base


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def evaluate(data: Path, output: Path, *more: str) -> int:
    command = [
        "evaluate",
        "toy:llama",
        "--benchmarks",
        "mmlu_medical,covidqa",
        "--dtype",
        "float32",
    ]
    where = ["--data", str(data), "--output", str(output), "--max-new-tokens", "4"]
    where += ["--dtype", "float32"]
    return run_app([*command, *where, *more])


def test_the_results_file(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out" / "results.json"
    assert evaluate(data, output, "--limit", "6") == 0
    found = json.loads(output.read_text())
    assert set(found) == {"mmlu_medical", "covidqa", "about"}
    accuracy = found["mmlu_medical"]["accuracy"]
    assert set(accuracy) == {"value", "interval", "n"}
    assert accuracy["n"] == 6
    low, high = accuracy["interval"]
    assert low <= accuracy["value"] <= high
    assert found["about"]["model"]["name_or_path"] == "toy:llama"
    assert (
        len(found["about"]["model"]["fingerprint"])
        == len(found["about"]["items"]["covidqa"]["sha256"])
        == 64
    )
    assert {"torch", "transformers"} <= set(found["about"]["versions"])
    rows = (tmp_path / "out" / "results.predictions.jsonl").read_text().splitlines()
    assert len(rows) == 6 + 4
    assert not (tmp_path / "out" / "results.partial.jsonl").exists()
    items = load_rows(tmp_path / "out" / "results.rows.parquet")
    assert items is not None
    assert {name: len(own) for name, own in items.items()} == {"mmlu_medical": 6, "covidqa": 4}
    assert items["mmlu_medical"].columns["accuracy"].mean() == accuracy["value"]
    assert items["covidqa"].columns["token_f1"].mean() == pytest.approx(
        found["covidqa"]["token_f1"]["value"]
    )
    told = capsys.readouterr().out
    assert "mmlu_medical: 6/6" in told
    assert "accuracy" in told


def test_a_killed_evaluation_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = tmp_path / "whole.json", tmp_path / "cut.json"
    assert evaluate(data, whole) == 0
    keep, kept = store.FileStore.__setitem__, []

    def dying(self: store.FileStore, key: str, value: Any) -> None:
        if len(kept) == 5:
            raise KeyboardInterrupt
        kept.append(key)
        keep(self, key, value)

    with monkeypatch.context() as patch:
        patch.setattr(store.FileStore, "__setitem__", dying)
        assert evaluate(data, cut) != 0
    assert not cut.exists()
    capsys.readouterr()
    assert evaluate(data, cut) == 0
    assert "going on: 5 answers" in capsys.readouterr().out
    expected, found = json.loads(whole.read_text()), json.loads(cut.read_text())
    assert found.keys() == expected.keys()
    assert _values(found) == pytest.approx(_values(expected), abs=1e-6)


def _values(found: dict[str, Any]) -> dict[str, float]:
    return {
        f"{name}.{metric}": m["value"]
        for name, metrics in found.items()
        if name != "about"
        for metric, m in metrics.items()
    }


def test_with_an_adapter(data: Path, tmp_path: Path) -> None:
    import peft

    config = ModelConfig(name_or_path="toy:llama", dtype="float32")
    base = load_base(config, "cpu")
    own = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    import copy

    peft.get_peft_model(copy.deepcopy(base.model), own).save_pretrained(tmp_path / "adapter")
    plain, adapted = tmp_path / "plain.json", tmp_path / "adapted.json"
    assert evaluate(data, plain) == 0
    assert evaluate(data, adapted, "--adapter", str(tmp_path / "adapter")) == 0
    before, after = json.loads(plain.read_text()), json.loads(adapted.read_text())
    assert len(after["about"]["model"]["adapter"]["sha256"]) == 64
    assert _values(before)["mmlu_medical.brier"] != _values(after)["mmlu_medical.brier"]
    evaluate(data, tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text())
    assert _values(again) == pytest.approx(_values(before))  # the warm base is as it was


def test_an_endpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    output = tmp_path / "remote.json"
    with Server(("127.0.0.1", 0), Handler) as server:
        server.failures, server.seen, server.keys = [500], [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        where = ["--data", str(data), "--output", str(output)]
        asked = ["--benchmarks", "mmlu_medical", "--endpoint", url, "--model", "doctor"]
        assert run_app(["evaluate", *asked, *where]) == 0
        server.shutdown()
    found = json.loads(output.read_text())
    assert set(found["mmlu_medical"]) == {"generated_accuracy", "unanswered"}
    assert found["about"]["model"] == {"endpoint": url, "name": "doctor"}
    assert "sk-secret" not in output.read_text() + capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["toy:llama", "--benchmarks", "medqq"], "'medqq'"),
        (["toy:llama"], "names no benchmark"),
        (["--benchmarks", "medqa"], "MODEL: is missing"),
        (["toy:llama", "--benchmarks", "covidqa", "--measures", "ece"], "has none of them"),
        (["toy:llama", "--benchmarks", "medqa", "--quantization", "fp4"], "--quantization"),
        (["--benchmarks", "medqa", "--endpoint", "http://x"], "--model: is missing"),
        (["toy:llama", "--benchmarks", "medqa", "--data", "/nowhere"], "no such folder"),
    ],
)
def test_mistakes(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["evaluate", *arguments, "--output", str(tmp_path / "x.json")]) == 2
    assert told in capsys.readouterr().err.replace("\n", " ")
