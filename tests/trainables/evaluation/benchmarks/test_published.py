"""The benchmarks as published, where copies lie beside the repository."""

from pathlib import Path

import pytest

from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load, questions

DATA = Path(__file__).parents[5] / "shared" / "data"
COUNTS = {
    "pubmedqa": 500,
    "medmcqa": 4183,
    "mmlu_medical": 1089,
    "covidqa": 1380,
    "medsafetybench": 900,
    "medquad": 14197,
    "liveqa": 124,
    "medec": 597,
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_local_copy_is_found_and_asked(name: str) -> None:
    if not DATA.is_dir():
        pytest.skip("no ../shared/data")
    loaded = load(BenchmarkConfig(name=name), DATA)
    assert len(loaded.items) == COUNTS[name]
    asked = questions(loaded)
    assert all(question.text.strip() for question in asked)
    closed = loaded.config.measured[0] == "accuracy"
    assert all(bool(question.options) == closed for question in asked)
    assert len({item.id for item in loaded.items}) == len(loaded.items)
