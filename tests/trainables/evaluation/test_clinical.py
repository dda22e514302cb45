"""Every clinical measure on hand-computed cases, synonyms, traps and nothing at all."""

import pytest

from trainables.data.items import Item
from trainables.evaluation.clinical import CLINICAL, summary
from trainables.evaluation.reasoning import chain, chosen
from trainables.evaluation.refusal import nonmedical_items, safe_items


def one(name: str, said: str, **item: object) -> float | None:
    (value,) = CLINICAL[name].per_item([said], [Item("1", "1", **{"question": "", **item})])  # type: ignore[arg-type]
    return value


Case = tuple[str, str, dict[str, object], float | None]
CASES: list[Case] = [
    # ungrounded: 1 of 2 terms is new; synonyms, general terms, options and rationale ground
    ("ungrounded_terms", "Fever and gout.", {"question": "Why the fever?"}, 0.5),
    ("ungrounded_terms", "High blood pressure.", {"context": "hypertension"}, 0.0),
    ("ungrounded_terms", "It is a cancer.", {"question": "breast cancer"}, 0.0),
    ("ungrounded_terms", "It is breast cancer.", {"question": "cancer"}, 1.0),
    ("ungrounded_terms", "Gout.", {"options": ("Gout", "Lupus")}, 0.0),
    ("ungrounded_terms", "Give Tylenol.", {"answer": "Acetaminophen"}, 0.0),
    ("ungrounded_terms", "Give Tylenol, Tylenol, Tylenol, Advil.", {"answer": "paracetamol"}, 0.5),
    ("ungrounded_terms", "All is well in the fall.", {}, None),
    ("ungrounded_terms", "", {"question": "Fever?"}, None),
    # entities: answer {fever, gout}, reference {fever, cough, anemia}
    ("entity_precision", "Fever, gout", {"answer": "fever, cough, anemia"}, 0.5),
    ("entity_recall", "Fever, gout", {"answer": "fever, cough, anemia"}, 1 / 3),
    ("entity_f1", "Fever, gout", {"answer": "fever, cough, anemia"}, 0.4),
    ("entity_f1", "Fever fever fever", {"answer": "fever"}, 1.0),
    ("entity_f1", "heart attack", {"answer": "Myocardial infarction"}, 1.0),
    ("entity_precision", "", {"answer": "fever"}, 0.0),
    ("entity_recall", "", {"answer": "fever"}, 0.0),
    ("entity_f1", "fever", {"answer": "nothing here"}, None),
    # negation
    ("negation_agreement", "No fever. Cough.", {"answer": "Fever and cough."}, 0.5),
    ("negation_agreement", "No fever.", {"answer": "Fever was ruled out."}, 1.0),
    ("negation_agreement", "Gout.", {"answer": "Fever."}, None),
    # doses
    ("dosage_agreement", "0.5 g of aspirin", {"answer": "aspirin 500 mg"}, 1.0),
    ("dosage_agreement", "aspirin 5 g", {"answer": "aspirin 500 mg"}, 0.0),
    ("dosage_agreement", "ibuprofen 500 mg", {"answer": "aspirin 500 mg"}, 0.0),
    ("dosage_agreement", "500 mg, then 9 g", {"answer": "500 mg"}, 2 / 3),
    ("dosage_agreement", "some", {"answer": "500 mg"}, 0.0),
    ("dosage_agreement", "500 mg", {"answer": "some"}, None),
    ("unsupported_doses", "500 mg, then 9 g", {"context": "0.5 g"}, 0.5),
    ("unsupported_doses", "none", {"context": "0.5 g"}, None),
    # interactions
    ("interaction_recall", "Avoid it.", {"question": "warfarin with aspirin?"}, 1.0),
    ("interaction_recall", "Yes, fine.", {"question": "Coumadin with Ecotrin?"}, 0.0),
    ("interaction_recall", "Avoid it.", {"question": "Tylenol with amoxicillin?"}, None),
    ("interaction_precision", "Avoid it.", {"question": "Tylenol with amoxicillin?"}, 0.0),
    ("interaction_precision", "Avoid it.", {"question": "warfarin with aspirin?"}, 1.0),
    ("interaction_precision", "Fine.", {"question": "warfarin with aspirin?"}, None),
    # refusal
    ("refused", "I cannot help with that.", {}, 1.0),
    ("refused", "Rest and drink.", {}, 0.0),
    # reasoning
    (
        "supported_steps",
        "The patient has fever and cough. Gout explains everything here. Answer: yes",
        {"question": "A patient has fever, cough: ill?"},
        0.5,
    ),
    ("supported_steps", "One step alone only.", {"question": "One step"}, None),
    (
        "conclusion_agreement",
        "Iron is low. Therefore the answer must be (B). Final answer: B",
        {"options": ("a", "b", "c")},
        1.0,
    ),
    (
        "conclusion_agreement",
        "Iron is low. Therefore it is anemia. Final answer: A",
        {"options": ("gout", "anemia")},
        0.0,
    ),
    ("conclusion_agreement", "It helped. So the answer is yes. Answer: no", {}, 0.0),
    ("conclusion_agreement", "It helped. So it is yes or no. Answer: no", {}, None),
    ("conclusion_agreement", "It helped. So yes it is.", {}, None),
    ("conclusion_agreement", "", {}, None),
]


@pytest.mark.parametrize(("name", "answer", "item", "expected"), CASES)
def test_by_hand(name: str, answer: str, item: dict[str, object], expected: float | None) -> None:
    assert one(name, answer, **item) == (None if expected is None else pytest.approx(expected))


def test_every_measure_has_cases() -> None:
    assert {case[0] for case in CASES} == set(CLINICAL)


def test_entity_f1_is_scikit_learn_s() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    terms = ["fever", "cough", "anemia", "gout", "asthma"]
    answer, reference = ["fever", "gout", "asthma"], ["fever", "cough", "asthma", "anemia"]
    truth = [term in reference for term in terms]
    found = [term in answer for term in terms]
    expected = precision_recall_fscore_support(truth, found, average="binary")[:3]
    names = ("entity_precision", "entity_recall", "entity_f1")
    values = [one(n, ", ".join(answer), answer=", ".join(reference)) for n in names]
    assert values == pytest.approx(expected, rel=1e-12)


def test_summary() -> None:
    assert summary([None, None]) is None
    shares = summary([1.0, 0.0, None, 1.0])
    assert shares is not None
    assert (shares.value, shares.n) == (pytest.approx(2 / 3), 3)
    assert shares.interval == pytest.approx((0.20766, 0.93851), abs=1e-5)  # Wilson, by hand
    means = summary([0.25, 0.75, None])
    assert means is not None
    assert (means.value, means.n) == (0.5, 2)


def test_a_chain_has_steps_and_an_end() -> None:
    found = chain("1. Iron is low here.\nOk.\nThus anemia it is.\nFinal answer: B")
    assert found.steps == ["1. Iron is low here.", "Thus anemia it is."]
    assert found.final == "Final answer: B"


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("B", ("x", "y"), "B"),
        ("(B) y", ("x", "y"), "B"),
        ("The answer is A.", ("x", "y"), "A"),
        ("A patient has gout", ("anemia", "gout"), "B"),
        ("Anemia or gout", ("anemia", "gout"), None),
        ("Option J", ("x", "y"), None),
        ("Yes, it does.", (), "yes"),
        ("Yes and no.", (), None),
        ("I know nothing", (), None),
    ],
)
def test_chosen(text: str, options: tuple[str, ...], expected: str | None) -> None:
    assert chosen(text, options) == expected


def test_written_questions() -> None:
    assert len(nonmedical_items()) >= 60
    assert len(safe_items()) >= 35
    for items in (nonmedical_items(), safe_items()):
        assert len({item.question for item in items}) == len(items)
        assert all(item.question[-1] in "?." for item in items)
