"""Macro-averaged F1 of predicted classes."""

import statistics
from collections.abc import Sequence


def macro_f1(predicted: Sequence[str | None], gold: Sequence[str]) -> float:
    """The mean of the classes' F1, 0..1, higher is better, over the classes that occur in `gold` or
    among the predictions; F1 is 2·tp / (2·tp + fp + fn).

    As scikit-learn's `f1_score(average="macro")`, with which PubMedQA's evaluation script computes
    it. No prediction (None) is a miss of the right class and no class of its own.
    """
    classes = {*gold, *(p for p in predicted if p is not None)}
    pairs = list(zip(predicted, gold, strict=True))
    return statistics.fmean(_f1(pairs, name) for name in sorted(classes))


def _f1(pairs: Sequence[tuple[str | None, str]], name: str) -> float:
    hits = sum(p == g == name for p, g in pairs)
    claimed = sum(p == name for p, _ in pairs)
    there = sum(g == name for _, g in pairs)
    return 2 * hits / (claimed + there)
