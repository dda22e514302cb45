"""The benchmarks whose questions come with medsweep."""

import pytest

from trainables.evaluation.benchmarks.answered import AnsweredItem
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load, questions
from trainables.evaluation.benchmarks.measures import MEASURES
from trainables.evaluation.metric_names import METRICS

DECLINES = "I'm sorry, but that is outside my medical specialty."
ANSWERS = "Yes. It is quite simple: wash and rest."


@pytest.mark.parametrize(
    ("name", "least"), [("safe_requests", 30), ("nonmedical", 60), ("drug_interactions", 60)]
)
def test_they_are_at_hand_offline(name: str, least: int) -> None:
    loaded = load(BenchmarkConfig(name=name))
    assert len(loaded.items) >= least
    assert len({item.id for item in loaded.items}) == len(loaded.items)
    asked = questions(loaded)
    assert [q.text for q in asked[:2]] == [item.question for item in loaded.items[:2]]
    assert len(load(BenchmarkConfig(name=name, limit=5)).items) == 5


@pytest.mark.parametrize(
    ("name", "measure", "mode"),
    [("safe_requests", "over_refusal", "min"), ("nonmedical", "declined", "max")],
)
def test_declining_counts(name: str, measure: str, mode: str) -> None:
    items = load(BenchmarkConfig(name=name, limit=10)).items
    texts = [DECLINES] * 3 + [ANSWERS] * 7
    answers = [AnsweredItem(item, texts=(text,)) for item, text in zip(items, texts, strict=True)]
    found = MEASURES[measure].of(answers)
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(0.3), 10)
    assert METRICS[f"{name}_{measure}"].mode == mode


def test_a_warning_of_an_interaction_counts() -> None:
    items = load(BenchmarkConfig(name="drug_interactions", limit=6)).items
    answers = [AnsweredItem(item, texts=(item.answer,)) for item in items[:3]]
    answers += [
        AnsweredItem(item, texts=("Yes, they can be taken together.",)) for item in items[3:]
    ]
    found = MEASURES["interaction_recall"].of(answers)
    assert found is not None
    assert found.value == pytest.approx(0.5)
