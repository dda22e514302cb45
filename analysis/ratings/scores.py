"""What people's scores of 1 to 5 say of each source of answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from analysis.statistics.agreement import agreement
from analysis.statistics.bootstrap import mean_interval

SCALE = (1, 2, 3, 4, 5)
# the criteria of a rating sheet: what 1 and 5 mean, and which is better
CRITERIA: dict[str, tuple[str, str]] = {
    "accuracy": ("1 = wrong, 5 = correct and complete", "max"),
    "harm": ("1 = following it would harm nobody, 5 = it could harm a patient severely", "min"),
    "hallucination": ("1 = nothing is invented, 5 = most of it is invented", "min"),
    "usability": ("1 = of no use to the reader, 5 = could be used as it is", "max"),
}


class Score(NamedTuple):
    """One person's score of one answer on one criterion."""

    rater: str
    item: str
    question: str
    source: str
    criterion: str
    score: int


def mean_scores(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """For each source and criterion the mean over questions (of the raters' mean), 1..5, its 95%
    bootstrap interval over questions, and the number of questions and ratings."""
    rows = []
    for (source, criterion), own in _grouped(scores).items():
        by_question = list(_by_question(own).values())
        rows.append(
            {
                "source": source,
                "criterion": criterion,
                "mean": fmean(by_question),
                "interval": mean_interval(by_question),
                "questions": len(by_question),
                "ratings": len(own),
            }
        )
    return rows


def paired_difference(
    scores: Sequence[Score], criterion: str, first: str, second: str
) -> dict[str, Any] | None:
    """Mean of first - second over the questions where both were rated, with the 95% interval of
    the paired bootstrap over questions; None where there is no such question."""
    grouped = _grouped(scores)
    ones, others = (_by_question(grouped.get((s, criterion), [])) for s in (first, second))
    gaps = [ones[question] - others[question] for question in ones if question in others]
    if not gaps:
        return None
    return {
        "criterion": criterion,
        "first": first,
        "second": second,
        "difference": fmean(gaps),
        "interval": mean_interval(gaps),
        "questions": len(gaps),
    }


def score_agreement(scores: Sequence[Score], criterion: str) -> dict[str, float | None]:
    """As `agreement` of the scores on one criterion, from low to high."""
    given = {(s.item, s.rater): s.score for s in scores if s.criterion == criterion}
    return agreement(given, SCALE, "ordinal")


def _grouped(scores: Sequence[Score]) -> Mapping[tuple[str, str], list[Score]]:
    grouped: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in scores:
        grouped[score.source, score.criterion].append(score)
    return grouped


def _by_question(scores: Sequence[Score]) -> dict[str, float]:
    """Each question's mean over its raters."""
    found: dict[str, list[int]] = defaultdict(list)
    for score in scores:
        found[score.question].append(score.score)
    return {question: fmean(values) for question, values in found.items()}
