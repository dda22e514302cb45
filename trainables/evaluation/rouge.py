"""ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004, https://aclanthology.org/W04-1013)."""

from collections.abc import Sequence


def rouge(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Mean F1 over the rows, 0..1, higher is better; rouge-score's tokenizer, no stemming.

    >>> rouge(["take it daily"], ["take it twice daily"])["rougeL"]
    0.8571428571428571
    """
    found = rouge_each(predictions, references)
    return {name: sum(scores) / len(scores) for name, scores in found.items()}


def rouge_each(predictions: Sequence[str], references: Sequence[str]) -> dict[str, list[float]]:
    """(n,) the F1 of every row, 0..1."""
    from rouge_score.rouge_scorer import RougeScorer

    names = ("rouge1", "rouge2", "rougeL")
    scorer = RougeScorer(list(names), use_stemmer=False)
    scores = [scorer.score(r, p) for p, r in zip(predictions, references, strict=True)]
    return {name: [float(s[name].fmeasure) for s in scores] for name in names}
