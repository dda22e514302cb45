"""Corpus BLEU by hand and against sacreBLEU."""

import math

import pytest
import sacrebleu

from trainables.evaluation.bleu import bleu, bleu_each


def test_by_hand() -> None:
    # 5 words against 6: matches 5/5, 3/4, 1/3, and none of 2 four-grams: smoothed to 1 / (2 x 2)
    prediction, reference = "the cat on the mat", "the cat sat on the mat"
    precisions = (5 / 5, 3 / 4, 1 / 3, 1 / 4)
    brevity = math.exp(1 - 6 / 5)
    expected = brevity * math.prod(precisions) ** (1 / 4)
    assert bleu([prediction], [reference])["bleu"] == pytest.approx(expected)


def test_it_is_of_the_corpus_not_a_mean_of_sentences() -> None:
    predictions = ["a b c d e f", "one two three four five"]
    references = ["a b c d e f", "six two three four ten"]
    whole = bleu(predictions, references)["bleu"]
    assert whole == pytest.approx(sacrebleu.corpus_bleu(predictions, [references]).score / 100)
    each = [bleu([p], [r])["bleu"] for p, r in zip(predictions, references, strict=True)]
    assert whole != pytest.approx(sum(each) / 2, abs=1e-3)


def test_its_range() -> None:
    assert bleu(["the cat sat on the mat"], ["the cat sat on the mat"])["bleu"] == pytest.approx(1)
    assert bleu([""], ["the cat sat on the mat"])["bleu"] == 0


def test_each_row_by_itself_is_sacrebleu_s_of_the_sentence() -> None:
    predictions, references = ["the cat sat", "no", ""], ["the cat sat down", "no", "yes"]
    found = bleu_each(predictions, references)["bleu"]
    assert found == [
        pytest.approx(sacrebleu.sentence_bleu(p, [r]).score / 100)
        for p, r in zip(predictions, references, strict=True)
    ]
    assert found[1:] == [pytest.approx(1), 0]
    assert sum(found) / 3 != pytest.approx(bleu(predictions, references)["bleu"])
