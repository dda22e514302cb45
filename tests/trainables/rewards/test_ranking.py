"""Good and bad answers: each reward ranks those written for it, and cannot be gamed."""

from itertools import chain
from typing import Any

import pytest

from tests.trainables.rewards.cases import CASES, reward
from trainables.rewards.registry import REWARDS

PAIRS = [(case, key) for case in CASES for key in case["bad"]]
STUFFING = (
    " Gout. Asthma. Anemia. Migraine. Psoriasis. Cataract. Epilepsy. Leukemia. Hepatitis.",
    " gout asthma anemia migraine psoriasis cataract epilepsy leukemia hepatitis sarcoidosis",
    " It may also be gout, asthma, anemia, a migraine, psoriasis, a cataract or epilepsy.",
)
FILLER = " ".join(
    f"There is more to say of matter {n}, and it goes on for a while." for n in range(60)
)


@pytest.mark.parametrize(("case", "key"), PAIRS, ids=[f"{c['id']}-{key}" for c, key in PAIRS])
def test_the_good_answer_is_better_by_a_tenth(case: dict[str, Any], key: str) -> None:
    name = key.split("__")[0]
    assert reward(name, case, case["good"]) > reward(name, case, case["bad"][key]) + 0.1


def test_the_set_is_large_and_covers_every_reward() -> None:
    assert sum(1 + len(case["bad"]) for case in CASES) >= 60
    judged = [key.split("__")[0] for _, key in PAIRS]
    assert set(judged) == set(REWARDS)
    texts = list(chain.from_iterable([case["good"], *case["bad"].values()] for case in CASES))
    assert len(set(filter(None, texts))) == len(list(filter(None, texts)))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
@pytest.mark.parametrize("name", REWARDS)
def test_gaming_does_not_pay(name: str, case: dict[str, Any]) -> None:
    good = reward(name, case, case["good"])
    assert reward(name, case, "") == 0
    assert reward(name, case, "   \n ") == 0
    for attack in (" ".join([case["good"]] * 5), f"{case['good']} {FILLER}"):
        assert reward(name, case, attack) < good or good == 0
    for stuffing in STUFFING[:2]:
        assert reward(name, case, case["good"] + stuffing) <= good + 1e-12


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_stuffing_costs_terminology(case: dict[str, Any]) -> None:
    good = reward("terminology", case, case["good"])
    for stuffing in STUFFING:
        assert reward("terminology", case, case["good"] + stuffing) < max(good, 1e-12) or good == 0


@pytest.mark.parametrize("name", REWARDS)
@pytest.mark.parametrize(
    "answer", ["fever " * 200, "the " * 300, "b c d e f g", "?!?", "\u200b", "😀" * 50]
)
def test_noise_earns_little(name: str, answer: str) -> None:
    assert reward(name, CASES[0], answer) <= 0.2


def test_terms_wanted_and_used_by_hand() -> None:
    case = CASES[0] | {"question": "Why?", "reference": "It causes gout and fever."}
    assert reward("terminology", case, "It causes gout and also a fever.") == 1
    # precision 1, recall 1/2
    assert reward("terminology", case, "It is what causes the gout.") == pytest.approx(2 / 3)
    # precision 1/2, recall 1/2
    assert reward("terminology", case, "It causes a gout and an asthma.") == pytest.approx(1 / 2)
    # denied where the reference affirms: precision 1, recall 1/2
    assert reward("terminology", case, "It causes gout but not the fever.") == pytest.approx(2 / 3)


def test_facts_by_hand() -> None:
    case = CASES[0] | {"reference": "Yes. 5 mg.", "question": "?"}
    # choice 1 of weight 4, numbers 1 of 1, wording 1 of 1
    assert reward("factuality", case, "Yes: 5 mg.") == 1
    # choice 1, numbers 0, wording {mg} against {mg}: a digit alone is no word
    assert reward("factuality", case, "Yes: 7 mg.") == pytest.approx((4 + 0 + 1) / 6)
    assert reward("factuality", case, "No: 5 mg.") == pytest.approx((0 + 1 + 1) / 6)
    assert reward("factuality", CASES[0] | {"reference": ""}, "Yes.") == 0


@pytest.mark.parametrize(
    ("length", "expected"), [(5, 0.5), (10, 1.0), (20, 1.0), (30, 1.0), (55, 0.5), (80, 0.0)]
)
def test_brevity_by_hand(length: int, expected: float) -> None:
    from trainables.rewards.brevity import fit

    assert fit(length / 20) == pytest.approx(expected)
