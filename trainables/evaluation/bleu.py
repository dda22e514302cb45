"""Corpus BLEU-4 (Papineni et al. 2002) as sacreBLEU computes it (Post 2018)."""

from collections.abc import Sequence


def bleu(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """BLEU over the whole corpus, 0..1 (sacreBLEU's 0..100 divided by 100), tokenizer 13a,
    exponential smoothing; higher is better."""
    import sacrebleu

    score = sacrebleu.corpus_bleu(list(predictions), [list(references)])
    return {"bleu": float(score.score) / 100}


def bleu_each(predictions: Sequence[str], references: Sequence[str]) -> dict[str, list[float]]:
    """(n,) BLEU of every row by itself, 0..1, of as many orders of n-grams as it has (sacreBLEU's
    sentence BLEU). Their mean is not the corpus's BLEU."""
    import sacrebleu

    pairs = zip(predictions, references, strict=True)
    return {"bleu": [float(sacrebleu.sentence_bleu(p, [r]).score) / 100 for p, r in pairs]}
