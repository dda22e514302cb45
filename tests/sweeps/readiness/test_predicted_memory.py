"""Predicted memory of trials that train all weights, by hand."""

from pathlib import Path

import pytest

from cluster.memory import Load, ModelShape, activation_bytes
from sweeps.readiness.predicted_memory import peak_bytes, predicted_facts
from sweeps.run_folder.entry import Entry
from tests.trainables.sft.trials import config
from trainables.models.config import ModelConfig
from trainables.models.resolve import resolve

REPORT = {"tokens": {"train": 1000, "answer_train": 250}, "kept": {"train": 50}}
SEVEN = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
SHAPE = ModelShape(64, 128, 2, 4, 2, 16, 259)  # the toy model's
PARAMETERS = 107_200


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    resolve(ModelConfig(name_or_path="toy:llama"))


@pytest.mark.parametrize(
    ("dtype", "width", "each"),
    [
        ("float32", 4, 16),  # weight, gradient, two moments
        ("bfloat16", 2, 18),  # and autocast's copy in the base's precision
    ],
)
def test_all_weights(dtype: str, width: int, each: int) -> None:
    trial = config(model={"dtype": dtype}).model_copy(update={"lora": None})
    load = Load(40, 10, 0, SEVEN)  # two rows of 20 tokens, a quarter of them answers
    expected = each * PARAMETERS + activation_bytes(SHAPE, [load], width)
    assert peak_bytes(trial, REPORT) == pytest.approx(expected, rel=1e-12)


def test_a_record_names_it_in_gigabytes() -> None:
    trial = config()
    content = trial.model_dump(mode="json")
    facts = predicted_facts(Entry("EXP-001", 1, content), REPORT)
    assert facts == {"predicted_peak_gb": (peak_bytes(trial, REPORT) or 0) / 1e9}
    assert facts["predicted_peak_gb"] > 0
    assert predicted_facts(Entry("base", 0, content), REPORT) == {}
    assert predicted_facts(Entry("EXP-001", 1, content), {}) == {}
