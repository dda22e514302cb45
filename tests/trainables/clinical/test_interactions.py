"""The table is whole, and warnings are told from reassurance."""

import pytest

from trainables.clinical.drugs import drugs
from trainables.clinical.interactions import (
    asked_interaction,
    interaction_items,
    interactions,
    warns,
)


def test_the_table() -> None:
    rows = interactions().values()
    known = {drug.generic for drug in drugs()}
    assert len(rows) == 124
    for row in rows:
        assert {row.drug, row.other_drug} <= known
        assert row.severity in ("contraindicated", "major", "moderate", "none")
        assert "FDA" in row.source
        assert bool(row.effect) == (row.severity != "none")
    assert sum(row.severity != "none" for row in rows) == 106


def test_no_name_is_two_drugs() -> None:
    names = [n.casefold() for drug in drugs() for n in (drug.generic, *drug.other_names)]
    assert sorted(names) == sorted(set(names))
    assert len(drugs()) == 823


def test_items_ask_about_their_pair_and_answer_it() -> None:
    for item in interaction_items():
        row = asked_interaction(item.question)
        assert row is not None
        assert row.severity == item.subject
        assert warns(item.answer) == (item.subject != "none")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Avoid this combination.", True),
        ("They should not be taken together.", True),
        ("You shouldn't take both.", True),
        ("This may cause serotonin syndrome.", True),
        ("It is not safe.", True),
        ("It increases the effect of warfarin.", True),
        ("Use with caution and monitor closely.", True),
        ("There is no known interaction.", False),
        ("They do not interact.", False),
        ("Yes, they can be taken together without any risk.", False),
        ("There is no need to avoid it.", False),
        ("Warfarin is a blood thinner and aspirin is a painkiller.", False),
        ("", False),
        ("There is no interaction with food, but bleeding risks rise.", True),
    ],
)
def test_warns(answer: str, expected: bool) -> None:
    assert warns(answer) is expected


@pytest.mark.parametrize(
    ("question", "pair"),
    [
        ("Is it safe to take Coumadin with Motrin?", ("warfarin", "ibuprofen")),
        ("Viagra and nitroglycerin?", ("sildenafil", "nitroglycerin")),
        ("Tylenol with amoxicillin?", ("acetaminophen", "amoxicillin")),
    ],
)
def test_brands_are_asked_about(question: str, pair: tuple[str, str]) -> None:
    row = asked_interaction(question)
    assert row is not None
    assert (row.drug, row.other_drug) == pair


@pytest.mark.parametrize(
    "question", ["Is warfarin safe?", "Ibuprofen, aspirin and warfarin?", "Melatonin and senna?"]
)
def test_none_or_several_are_not(question: str) -> None:
    assert asked_interaction(question) is None
