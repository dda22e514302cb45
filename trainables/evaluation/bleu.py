"""Corpus BLEU-4 (Papineni et al. 2002) as sacreBLEU computes it (Post 2018)."""

from collections.abc import Sequence


def bleu(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """BLEU over the whole corpus, 0..1 (sacreBLEU's 0..100 divided by 100), tokenizer 13a,
    exponential smoothing; higher is better."""
    import sacrebleu

    score = sacrebleu.corpus_bleu(list(predictions), [list(references)])
    return {"bleu": float(score.score) / 100}
