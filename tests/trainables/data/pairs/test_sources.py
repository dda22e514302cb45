"""Pairs made of published data sets and of the ontology."""

from collections import Counter

import pytest

from tests.trainables.data.formats.shared import shared
from tests.trainables.data.sources.test_hpo_items import TERMS
from trainables.data.formats.reading import read_items
from trainables.data.items import Item
from trainables.data.pairs import drugs, liveqa, medec, medsafetybench, siblings
from trainables.data.sources import toy


def answer(name: str, group: str, question: str, score: float | None) -> Item:
    return Item(name, group, question, answer=f"Answer {name}.", score=score)


def test_scored_answers_of_one_question_and_different_scores_are_paired() -> None:
    items = [
        answer("a", "1", "Q1?", 2),
        answer("x", "2", "Q2?", 1),
        answer("b", "1", "Q1?", 4),
        answer("c", "1", "Other?", 2),
        answer("n", "1", "Q1?", None),
    ]
    found = list(liveqa.pairs(items))
    assert [(p.id, p.group, p.chosen, p.rejected) for p in found] == [
        ("b>a", "1", "Answer b.", "Answer a."),
        ("b>c", "1", "Answer b.", "Answer c."),
    ]
    assert [(p.question, p.rejected_question) for p in found] == [("Q1?", ""), ("Q1?", "Other?")]
    chosen, rejected = found[1].rows()
    assert (chosen.question, rejected.question) == ("Q1?", "Other?")


def test_a_wrong_note_and_its_correction_differ_from_the_wrong_sentence_on() -> None:
    item = Item(
        "n1",
        "n1",
        "Error?",
        answer="He has fever. Aspirin is given. He leaves.",
        context="He has fever. Arsenic is given. He leaves.",
        gold=1,
    )
    (pair,) = medec.pairs([item, item._replace(id="n2", gold=0)])
    assert pair.question == (
        "Complete this clinical note. It must be free of medical errors.\n\nHe has fever."
    )
    assert (pair.chosen, pair.rejected) == (
        "Aspirin is given. He leaves.",
        "Arsenic is given. He leaves.",
    )


def test_a_note_that_is_wrong_from_the_start_has_no_beginning() -> None:
    item = Item("n", "n", "?", answer="Flu. Rest.", context="Pox. Rest.", gold=1)
    (pair,) = medec.pairs([item])
    assert pair.question == "Write a clinical note. It must be free of medical errors."
    assert (pair.chosen, pair.rejected) == ("Flu. Rest.", "Pox. Rest.")


def test_the_unsafe_response_is_mechanical() -> None:
    items = [Item(str(n), "g", f"Do harm number {n}.", answer="I cannot.") for n in range(40)]
    found = list(medsafetybench.pairs(items))
    assert found == list(medsafetybench.pairs(items))
    templates = Counter(p.rejected.replace(p.question, "{request}") for p in found)
    assert set(templates) == set(medsafetybench.COMPLIANT)
    assert all(p.chosen == "I cannot." for p in found)


def test_a_siblings_definition_is_rejected() -> None:
    found = {pair.id: pair for pair in siblings.pairs(TERMS)}
    definitions = {term.id: term.definition for term in TERMS.values()}
    assert found["HP:11"].chosen == "Definition 1."
    assert found["HP:11"].question == 'What does the clinical finding "Finding 1" mean?'
    for pair in found.values():
        assert pair.chosen == definitions[pair.id]
        assert pair.rejected in definitions.values()
        assert pair.rejected != pair.chosen
    # HP:999 is a part of HP:10, so neither is the other's sibling
    assert found["HP:999"].rejected != "Definition 0."
    assert found["HP:10"].rejected != "A part."


def test_a_term_without_a_definition_or_a_sibling_makes_no_pair() -> None:
    some = {name: TERMS[name] for name in ("HP:0000118", "HP:1", "HP:10", "HP:11")}
    assert [pair.id for pair in siblings.pairs(some)] == ["HP:10", "HP:11"]
    blank = {**some, "HP:11": some["HP:11"]._replace(definition=None)}
    assert list(siblings.pairs(blank)) == []


def test_toy_drugs() -> None:
    found = list(drugs.pairs())
    rows = list(toy.drug_rows())
    assert [(p.id, p.group, p.question, p.chosen) for p in found] == [
        (r.id, r.group, r.question, r.answer) for r in rows
    ]
    assert found[0].rejected == "Baolol is an ACE inhibitor."
    assert found[-1].rejected == "It acts on beta receptors in the heart."
    assert all(p.rejected != p.chosen for p in found)


@pytest.mark.parametrize(
    ("folder", "format", "split", "count"),
    [
        ("medquad", "liveqa", "test", 1283),
        ("medec", "medec", "validation", 319),
        ("medec", "medec", "test", 311),
        ("med_safety_bench", "medsafetybench", "train", 900),
    ],
)
def test_counts_of_the_real_data(folder: str, format: str, split: str, count: int) -> None:
    makers = {"liveqa": liveqa, "medec": medec, "medsafetybench": medsafetybench}
    items = read_items(shared(folder), format, split=split).items  # type: ignore[arg-type]
    found = list(makers[format].pairs(items))
    assert len(found) == len({pair.id for pair in found}) == count
    assert all(pair.benchmark for pair in found) == (format == "medec" and split == "test")
    assert all(pair.question and pair.chosen and pair.rejected for pair in found)
