"""Exact match and token F1 as SQuAD's evaluation script defines them (Rajpurkar et al. 2016,
https://aclanthology.org/D16-1264)."""

import re
import string
from collections import Counter
from collections.abc import Sequence

PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """Lower case, without punctuation, without a, an and the, single spaces."""
    bare = text.lower().translate(PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def exact_match(prediction: str, references: Sequence[str]) -> bool:
    """Whether the prediction equals one of the references after normalisation."""
    return any(normalised(prediction) == normalised(reference) for reference in references)


def token_f1(prediction: str, references: Sequence[str]) -> float:
    """The F1 of shared words, 0..1, with the reference it fits best; 0 where nothing is shared.

    As in SQuAD 2.0's script, two texts without any word agree.
    """
    return max((_f1(normalised(prediction), normalised(r)) for r in references), default=0.0)


def _f1(prediction: str, reference: str) -> float:
    said, wanted = prediction.split(), reference.split()
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))
