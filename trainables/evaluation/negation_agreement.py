"""Whether answer and reference affirm and deny the same clinical terms (NegEx, Chapman 2001)."""

from collections.abc import Sequence

from trainables.clinical.lexicon import clinical_lexicon
from trainables.clinical.negation import polarity
from trainables.data.items import Item


def negation_agreement(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the share, 0..1, of the concepts in both answer and reference that both affirm or
    both deny. None where they share none."""
    return [_agreement(p, i.answer) for p, i in zip(predictions, items, strict=True)]


def _agreement(answer: str, reference: str) -> float | None:
    lexicon = clinical_lexicon()
    said, meant = polarity(answer, lexicon), polarity(reference, lexicon)
    shared = said.keys() & meant.keys()
    return sum(said[c] == meant[c] for c in shared) / len(shared) if shared else None
