"""Near duplicates are judged on what differs between rows, whatever they share."""

import random
import time
from collections.abc import Callable

import pytest

from trainables.data.duplicates import drop_near
from trainables.data.frames import parted
from trainables.data.leaks import leaks
from trainables.data.rows import Row

SYSTEM = (
    "You are a careful pharmacist who works on a hospital ward, answers in one sentence of plain "
    "language, never guesses, names the dose where it is known, and reminds the reader that the "
    "leaflet is the reference. Do not use abbreviations. Do not give legal advice."
)
CLOSING = (
    "Answer in one short sentence and do not add anything that you have not been asked for, since "
    "the answer is printed on a label that has room for so many words and not for a single one more"
)
INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request."
)
CHINESE = "你是一名在医院病房工作的药师,请根据药品说明书,用通俗易懂的语言回答下面的问题,不要猜测。"
OF_SIX = [" ".join(f"{word}{n}" for word in (SYSTEM + INPUT).split()) for n in range(6)]
STEMS = ["Vela", "Kora", "Zana", "Mipa", "Troa", "Laxa", "Fena", "Quia", "Dora", "Bexa"]
ENDS = ["mol", "prine", "xan", "dol", "tine", "cor"]
DRUGS = [stem + end for stem in STEMS for end in ENDS]
USES = ["high blood pressure", "seasonal allergy", "migraine attacks", "heart failure", "gout"]
DOSES = ["5 mg once a day", "10 mg at bedtime", "250 mg every eight hours", "one puff", "2 ml"]


def use(place: int) -> tuple[str, str]:
    drug = DRUGS[place]
    used, dose = USES[place % 5], DOSES[place % 7 % 5]
    return f"What is {drug} prescribed for?", f"{drug} is for {used}, usually at {dose}."


def effect(place: int) -> tuple[str, str]:
    drug = DRUGS[place]
    return f"Which side effect of {drug} is the most usual?", f"Of {drug} it is {USES[place % 4]}."


def made(frame: Callable[[str, str, int], tuple[str, str]]) -> list[Row]:
    pairs = [pair(place) for place in range(len(DRUGS)) for pair in (use, effect)]
    return [Row(str(n), str(n), *frame(*pair, n)) for n, pair in enumerate(pairs)]


FRAMES = {
    "before": lambda q, a, n: (f"{INPUT} {SYSTEM} {q}", a),
    "after": lambda q, a, n: (f"{q} {SYSTEM} {INPUT}", a),
    "both": lambda q, a, n: (f"{SYSTEM} {q} {CLOSING}", a),
    "in the answer": lambda q, a, n: (q, f"{SYSTEM} {a}"),
    "after the answer": lambda q, a, n: (q, f"{a} {SYSTEM}"),
    "everywhere": lambda q, a, n: (f"{INPUT} {q} {CLOSING}", f"{SYSTEM} {a} {CLOSING}"),
    "two templates": lambda q, a, n: (f"{(SYSTEM, INPUT + CLOSING)[n % 3 == 0]} {q}", a),
    "six templates": lambda q, a, n: (f"{OF_SIX[n // 2 % 6]} {q}", a),
    "some rows without": lambda q, a, n: (f"{SYSTEM} {q}" if n % 4 else q, a),
    "behind a number": lambda q, a, n: (f"Case {n}: {SYSTEM} {q}", a),
    "around a slot": lambda q, a, n: (f"{SYSTEM} Ward {n % 9}. {INPUT} {CLOSING} {q}", a),
    "short rows": lambda q, a, n: (f"{SYSTEM} {q.split()[-3]} {DRUGS[n // 2]}?", a.split()[-1]),
    "one question": lambda q, a, n: (f"{SYSTEM} Describe a drug", a),
    "one answer": lambda q, a, n: (q, f"{SYSTEM} I cannot say, ask the ward."),
    "Chinese": lambda q, a, n: (
        f"{CHINESE}{CHINESE[:20]}{DRUGS[n // 2]}{'有什么副作用' if n % 2 else '是什么药'}",
        a,
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_many_rows_share_makes_no_duplicates_and_no_leaks(name: str) -> None:
    rows = made(FRAMES[name])
    kept, dropped = drop_near(rows, 0.85)
    assert (len(kept), dropped) == (len(rows), 0)
    assert leaks(rows[:100], rows[100:]) == set()


@pytest.mark.parametrize("name", FRAMES)
def test_twins_within_a_frame_are_found(name: str) -> None:
    long = " ".join(f"w{number}" for number in range(40))
    pair = f"What of {long}?", f"All of {long} it is."
    twins = [FRAMES[name](pair[0], pair[1].replace("w7", word), 0) for word in ("w7", "x")]
    rows = made(FRAMES[name])
    both = [Row(f"twin {n}", "t", *twin) for n, twin in enumerate(twins)]
    if name in ("short rows", "one answer"):  # which show nothing of the answer
        both[1] = Row("twin 1", "t", both[0].question, both[0].answer.upper())
    assert drop_near([*rows, *both], 0.85)[1] == 1
    assert leaks([*rows, both[1]], [both[0]]) == {len(rows)}


def words(draw: random.Random, count: int) -> str:
    syllables = ("ba", "ke", "di", "lo", "mu", "ra", "se", "ti", "vo", "zu")
    return " ".join("".join(draw.choices(syllables, k=4)) for _ in range(count))


@pytest.mark.parametrize(
    ("count", "templates", "kinds"), [(240, 18, 2), (400, 14, 3), (400, 19, 6), (2000, 35, 2)]
)
@pytest.mark.parametrize("closing", [True, False])
def test_templates_of_hardly_enough_rows_with_several_kinds_of_question(
    count: int, templates: int, kinds: int, closing: bool
) -> None:
    draw = random.Random(7)
    frames = [(words(draw, 40), words(draw, 40)) for _ in range(templates)]
    asked = [words(draw, 5) for _ in range(kinds)]
    rows = []
    for place in range(count):
        (before, after), kind = frames[place % templates], asked[place // templates % kinds]
        said = f"{before} {kind} {words(draw, 1)} {after if closing else ''}"
        rows.append(Row(str(place), "g", said, words(draw, 1)))
    assert drop_near(rows, 0.85) == (rows, 0)


def test_what_one_frame_has_and_the_other_has_not_counts() -> None:
    asked = "in a grown patient of whom nothing else is known and who takes no other drug at all"
    rows = [
        Row(
            f"{drug} {what}",
            "g",
            f"{SYSTEM} What is the {what} of {drug} {asked}?",
            "Ask the ward.",
        )
        for drug in DRUGS
        for what in ("dose", "risk")
    ]
    assert drop_near(rows, 0.85) == (rows, 0)


def test_copies_are_found_as_before() -> None:
    draw, words = random.Random(1), [f"w{number}" for number in range(50)]
    copies = []
    for number in range(40):  # of a text of which each copy has another word changed
        changed = [*words]
        changed[draw.randrange(50)] = f"x{number}"
        copies.append(Row(f"c{number}", "g", "What is it?", " ".join(changed)))
    others = [Row(str(n), "g", q, a) for n, (q, a) in enumerate(map(use, range(60)))]
    kept, dropped = drop_near([*others, *copies], 0.75)
    assert dropped == 39
    assert kept == [*others, copies[0]]


def test_a_text_that_is_all_frame_keeps_its_words() -> None:
    words = SYSTEM.split()
    texts = [*([*words, drug] for drug in DRUGS), words]
    found = parted(texts)
    assert [list(text.rest) for text in found[:-1]] == [[drug] for drug in DRUGS]
    assert (found[-1].rest, found[-1].frame) == (words, ())


def test_no_text_and_short_texts() -> None:
    assert parted([]) == []
    assert [text.rest for text in parted([["a"], [], ["a", "b"]])] == [["a"], [], ["a", "b"]]


@pytest.mark.slow
def test_100_000_rows_with_a_preamble_take_seconds() -> None:
    draw = random.Random(0)
    words = [f"w{int(draw.paretovariate(0.7))}" for _ in range(200_000)]
    rows = [
        Row(
            str(n),
            "g",
            f"{SYSTEM} {' '.join(draw.choices(words, k=12))}?",
            " ".join(draw.choices(words, k=30)),
        )
        for n in range(100_000)
    ]
    start = time.process_time()
    assert leaks(rows[:85_000], rows[85_000:]) == set()
    assert time.process_time() - start < 60
