"""Exact match and F1 as SQuAD's script computes them: its functions, copied, are the reference."""

import re
import string
from collections import Counter

import pytest

from trainables.evaluation.overlap import exact_match, normalised, token_f1


def official_normalize(s: str) -> str:
    def remove_articles(text: str) -> str:
        return re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text)

    def remove_punc(text: str) -> str:
        return "".join(ch for ch in text if ch not in set(string.punctuation))

    return " ".join(remove_articles(remove_punc(s.lower())).split())


def official_f1(a_gold: str, a_pred: str) -> float:
    """compute_f1 of evaluate-v2.0.py."""
    gold_toks = official_normalize(a_gold).split()
    pred_toks = official_normalize(a_pred).split()
    common = Counter(gold_toks) & Counter(pred_toks)
    num_same = sum(common.values())
    if len(gold_toks) == 0 or len(pred_toks) == 0:
        return int(gold_toks == pred_toks)
    if num_same == 0:
        return 0
    precision = 1.0 * num_same / len(pred_toks)
    recall = 1.0 * num_same / len(gold_toks)
    return (2 * precision * recall) / (precision + recall)


PAIRS = [
    ("The left ventricle.", "left ventricle"),
    ("a mother-to-child transmission (MTCT)", "Mother-to-child transmission"),
    ("in the the liver liver", "liver of the patient"),
    ("", "unanswerable"),
    ("the", ""),
    ("12.5 mg", "125 mg"),
    ("entirely", "different words"),
]


@pytest.mark.parametrize(("said", "wanted"), PAIRS)
def test_equals_the_official_script(said: str, wanted: str) -> None:
    assert normalised(said) == official_normalize(said)
    assert exact_match(said, [wanted]) == (official_normalize(said) == official_normalize(wanted))
    assert token_f1(said, [wanted]) == pytest.approx(official_f1(wanted, said), abs=1e-12)


def test_the_closest_reference_counts() -> None:
    assert token_f1("left ventricle", ["aorta", "the left ventricle wall"]) == pytest.approx(0.8)
    assert exact_match("The aorta!", ["ventricle", "aorta"])
    assert not exact_match("aorta", [])
