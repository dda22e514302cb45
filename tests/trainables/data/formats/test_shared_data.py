"""The readers on the real data sets, counted by hand (see ../shared/data/README.md)."""

from collections import Counter

import pytest

from tests.trainables.data.formats.shared import shared
from trainables.data.formats.reading import read_items


@pytest.mark.parametrize(
    ("folder", "format", "split", "count", "groups"),
    [
        ("pubmedqa", "pubmedqa", None, 500, 500),
        ("pubmedqa", "pubmedqa", "train", 500, 500),
        ("pubmedqa", "pubmedqa", "all", 1000, 1000),
        ("medmcqa", "medmcqa", None, 4183, 4183),
        ("mmlu_med", "mmlu", None, 1089, 1010),
        ("medquad", "medquad", None, 14197, 4118),
        ("medquad", "liveqa", None, 565, 86),
        ("med_safety_bench", "medsafetybench", None, 900, 900),
        ("medec", "medec", None, 597, 597),
        ("medec", "medec", "validation", 574, 574),
        ("covidqa", "squad", None, 1380, 98),
    ],
)
def test_counts(folder: str, format: str, split: str | None, count: int, groups: int) -> None:
    items = read_items(shared(folder), format, split=split).items
    assert len(items) == len({item.id for item in items}) == count
    assert len({item.group for item in items}) == groups


def test_pubmedqa() -> None:
    found = read_items(shared("pubmedqa"), "pubmedqa")
    assert found.instruction == "yes_no_maybe"
    first = found.items[0]
    assert (first.id, first.options, first.gold) == ("21645374", ("yes", "no", "maybe"), 0)
    assert first.question.startswith("Do mitochondria play a role in remodelling lace plant")
    assert first.answer.startswith("Results depicted mitochondrial dynamics in vivo")
    # Jin et al. 2019, table 2 of the test set: 55.2% yes, 33.8% no, 11.0% maybe
    assert Counter(item.gold for item in found.items) == {0: 276, 1: 169, 2: 55}
    assert all(item.benchmark for item in found.items)


def test_the_official_test_ids_kept_here_are_the_published_ones() -> None:
    beside = read_items(shared("pubmedqa"), "pubmedqa", split="test").items
    from trainables.data.formats.pubmedqa import test_ids

    assert test_ids(None) == {item.id for item in beside}


def test_medmcqa_counts_from_one_in_this_release() -> None:
    items = read_items(shared("medmcqa"), "medmcqa").items
    assert items[0].gold == 0
    assert items[0].answer.startswith("Impulse through myelinated fibers is slower")
    assert Counter(item.gold for item in items) == {0: 1348, 1: 1085, 2: 925, 3: 825}
    assert Counter(item.kind for item in items) == {"single": 2816, "multi": 1367}
    assert sum(bool(item.rationale) for item in items) == 2206


def test_mmlu() -> None:
    items = read_items(shared("mmlu_med"), "mmlu").items
    assert Counter(item.subject for item in items) == {
        "anatomy": 135,
        "clinical_knowledge": 265,
        "college_biology": 144,
        "college_medicine": 173,
        "medical_genetics": 100,
        "professional_medicine": 272,
    }
    assert items[0].answer == "paralysis of the facial muscles."


def test_medec_drops_blank_rows_and_has_wrong_and_corrected_text() -> None:
    items = read_items(shared("medec"), "medec").items
    assert Counter(item.gold for item in items) == {1: 311, 0: 286}
    wrong = items[0]
    assert "due to hepatitis A" in wrong.context
    assert "due to Schistosoma mansoni" in wrong.answer
    assert "hepatitis A" not in wrong.answer
    right = next(item for item in items if item.gold == 0)
    assert right.answer == right.context
    assert (right.kind, right.rationale) == ("", "")


def test_liveqa_scores() -> None:
    items = read_items(shared("medquad"), "liveqa").items
    assert {item.score for item in items} == {1.0, 2.0, 3.0, 4.0}
    assert items[0].question.startswith("What are the symptoms of Neurofibromatosis-Noonan")
    assert not any("URL:" in item.question for item in items)
