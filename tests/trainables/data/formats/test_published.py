"""A format read from where it is published: the hub is asked for the right data set, and faked."""

from types import SimpleNamespace
from typing import Any

import pytest

from trainables.data.formats.reading import read_items

COMMIT = "a" * 40
PUBMEDQA = {
    "pubid": 21645374,
    "question": "Do mitochondria play a role?",
    "context": {"contexts": ["Cells die.", "They do."], "labels": ["B", "R"], "meshes": ["M"]},
    "long_answer": "They do play one.",
    "final_decision": "yes",
}
MEDMCQA = {
    "id": "x1",
    "question": "Which vitamin?",
    **{"opa": "A", "opb": "B", "opc": "C", "opd": "D"},
    "cop": 0,
    "choice_type": "single",
    "exp": None,
    "subject_name": "Biochemistry",
    "topic_name": None,
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the hub is asked for; it has one row of each data set."""
    calls: list[tuple[Any, ...]] = []

    def load_dataset(path: str, name: str | None, **options: Any) -> list[dict[str, Any]]:
        calls.append((path, name, options["split"]))
        return [PUBMEDQA if "pubmed" in path.lower() else MEDMCQA]

    def dataset_info(self: object, name: str, **_: object) -> object:
        return SimpleNamespace(sha=COMMIT, card_data={"license": "mit"})

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", dataset_info)
    return calls


def test_pubmedqa_of_the_hub(asked: list[tuple[Any, ...]]) -> None:
    found = read_items(None, "pubmedqa", split="all")
    assert asked[0][:2] == ("qiaojin/PubMedQA", "pqa_labeled")
    (item,) = found.items
    assert (item.options, item.gold) == (("yes", "no", "maybe"), 0)
    assert item.context.startswith("Cells die.")
    assert item.answer == "They do play one."
    assert found.version.endswith(COMMIT)


def test_medmcqa_of_the_hub_counts_from_zero(asked: list[tuple[Any, ...]]) -> None:
    (item,) = read_items(None, "medmcqa").items
    assert asked[0][0] == "openlifescienceai/medmcqa"
    assert asked[0][2] == "validation"
    assert (item.gold, item.options[0], item.subject) == (0, "A", "Biochemistry")
