"""Self-consistency: the answer that most samples give (Wang et al. 2022, arXiv:2203.11171)."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class Vote(NamedTuple):
    """The majority's option (None: no sample chose one) and the share of all samples that chose
    it, 0..1, which serves as confidence."""

    option: int | None
    agreement: float


def majority(chosen: Sequence[int | None]) -> Vote:
    """The most frequent option among the samples that chose one; ties go to the one seen first."""
    counts = Counter(option for option in chosen if option is not None)
    if not counts:
        return Vote(None, 0.0)
    option, votes = counts.most_common(1)[0]
    return Vote(option, votes / len(chosen))
