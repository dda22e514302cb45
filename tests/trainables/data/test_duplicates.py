import random

import pytest

from trainables.data.duplicates import bands, drop_exact, drop_near, jaccard, shingles, words_of
from trainables.data.leaks import leaks
from trainables.data.rows import Row

TEXT = "a painful swelling of the knee after a fall on hard ground in winter seen by a doctor"


def row(answer: str, question: str = "What is it?", row_id: str = "") -> Row:
    return Row(row_id or question + answer, "g", question, answer)


def test_exact_ignores_case_and_keeps_the_first() -> None:
    rows = [row("A fever.", row_id="1"), row("a FEVER.", row_id="2"), row("A cough.", row_id="3")]
    kept, dropped = drop_exact(rows)
    assert ([kept_row.id for kept_row in kept], dropped) == (["1", "3"], 1)


def test_two_answers_to_one_question_and_one_answer_to_two_are_no_duplicates() -> None:
    rows = [row("A fever."), row("A cough."), row("A fever.", question="What else is it?")]
    assert drop_exact(rows) == (rows, 0)


def test_shingles_are_word_3_grams_without_case_and_punctuation() -> None:
    assert shingles(row("Fever, or heat.", question="What?")) == {
        "what fever or",
        "fever or heat",
    }
    assert shingles(row("Heat", question="Is")) == {"is heat"}
    assert shingles(row("!", question="?")) == {"? !"}


def test_jaccard() -> None:
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 0.5
    assert jaccard(frozenset("abc"), frozenset("abc")) == 1


def test_near_keeps_the_first_and_what_is_only_alike() -> None:
    first, copy = row(TEXT), row(TEXT.replace("winter", "summer"))
    alike = row(" ".join(reversed(TEXT.split())))
    similarity = jaccard(shingles(first), shingles(copy))
    assert 0.5 < similarity < 0.85
    assert drop_near([first, copy, alike], 0.85) == ([first, copy, alike], 0)
    assert drop_near([first, copy, alike], similarity) == ([first, alike], 1)
    assert drop_near([copy, first], similarity) == ([copy], 1)


def test_a_dropped_row_drops_no_other() -> None:
    words = [f"w{number}" for number in range(60)]
    chain = [row(" ".join(words[start : start + 40]), "Q") for start in (0, 4, 8)]
    sets = [shingles(link) for link in chain]
    threshold = jaccard(sets[0], sets[1])
    assert jaccard(sets[0], sets[2]) < threshold <= jaccard(sets[1], sets[2])
    assert drop_near(chain, threshold) == ([chain[0], chain[2]], 1)


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.85, 1.0])
def test_finds_what_comparing_every_pair_finds(threshold: float) -> None:
    draw = random.Random(7)
    vocabulary = [f"w{number}" for number in range(30)]
    rows: list[Row] = []
    for number in range(150):
        words = draw.choices(vocabulary, k=draw.randint(4, 30))
        if rows and draw.random() < 0.6:
            words = draw.choice(rows).answer.split()
            for _ in range(draw.randint(0, 3)):
                words[draw.randrange(len(words))] = draw.choice(vocabulary)
        rows.append(row(" ".join(words), "Q", str(number)))
    expected: list[Row] = []
    for candidate in rows:
        found = (jaccard(shingles(candidate), shingles(kept)) for kept in expected)
        if all(similarity < threshold for similarity in found):
            expected.append(candidate)
    kept, dropped = drop_near(rows, threshold)
    assert kept == expected
    assert dropped == len(rows) - len(expected) > 0


@pytest.mark.parametrize("threshold", [0.01, 0.2, 0.5, 0.85, 0.99, 1.0])
def test_bands_fit_and_miss_almost_nothing(threshold: float) -> None:
    count, rows = bands(threshold)
    assert count * rows <= 128
    if threshold >= 0.2:
        assert (1 - threshold**rows) ** count <= 1e-9


def test_characters_count_where_a_script_has_no_spaces() -> None:
    assert words_of("発熱とは何ですか") == list("発熱とは何ですか")
    assert words_of("ยาคือ fever 5mg") == [*"ยาคือ", "fever", "5mg"]
    first = row(
        "体温が平熱より高くなった状態であり感染症などで起こることが多い症状です", "発熱とは"
    )
    twin = row("体温が平熱より高くなった状態であり感染症などで起こることが多い症状だ", "発熱とは")
    assert drop_near([first, twin], 0.8) == ([first], 1)


def test_null_is_exact_only() -> None:
    near, held = row(TEXT + " again"), row(TEXT)
    assert leaks([near], [held], 0.5) == {0}
    assert leaks([near, row(f" {TEXT.upper()} ")], [held], None) == {1}
