"""How often people prefer the first of two systems."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from analysis.statistics.agreement import agreement
from analysis.statistics.bootstrap import ratio_interval
from analysis.statistics.paired import sign_test
from trainables.evaluation.measured import share

FIRST, SECOND, TIE = "first", "second", "tie"
OUTCOMES = (FIRST, TIE, SECOND)
POINTS = {FIRST: 1.0, TIE: 0.5, SECOND: 0.0}


class Preference(NamedTuple):
    """One person's choice for one question: `first`, `second` or `tie`; `side` is A, B or tie."""

    rater: str
    item: str
    outcome: str
    side: str = TIE


def win_rate(preferences: Sequence[Preference]) -> dict[str, Any]:
    """The first system's win rate, 0..1 (a tie is half a win), and how sure it is.

    `interval` is the 95% bootstrap interval over questions. The questions' majorities, a tie where
    there is none, are counted in `questions`; of the decided ones `decided_share` went to the
    first (Wilson's 95% interval), with the sign test's two-sided `p`.
    """
    outcomes = Counter(p.outcome for p in preferences)
    by_item = points_by_item(preferences)
    totals = [(sum(points), float(len(points))) for points in by_item.values()]
    majority = Counter(_majority(points) for points in by_item.values())
    wins, losses = majority[FIRST], majority[SECOND]
    decided = share([True] * wins + [False] * losses)
    return {
        "win_rate": sum(a for a, _ in totals) / len(preferences) if preferences else None,
        "interval": ratio_interval(totals),
        "ratings": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        "questions": {outcome: majority[outcome] for outcome in OUTCOMES},
        "decided_share": decided.value if decided else None,
        "decided_interval": decided.interval if decided else None,
        "p": sign_test(wins, losses),
    }


def points_by_item(preferences: Iterable[Preference]) -> dict[str, list[float]]:
    """Each question's points for the first system, one a rater: 1, 0.5 or 0."""
    found: dict[str, list[float]] = defaultdict(list)
    for preference in preferences:
        found[preference.item].append(POINTS[preference.outcome])
    return dict(found)


def side_shares(preferences: Iterable[Preference]) -> dict[str, int]:
    """How often each side was chosen. Sides are at random: far from even is a habit of raters."""
    counts = Counter(p.side for p in preferences)
    return {side: counts[side] for side in ("A", "B")}


def preference_agreement(preferences: Sequence[Preference]) -> dict[str, float | None]:
    """As `agreement` of the choices, as names."""
    return agreement({(p.item, p.rater): p.outcome for p in preferences}, OUTCOMES, "nominal")


def _majority(points: Sequence[float]) -> str:
    mean = sum(points) / len(points)
    return TIE if mean == 0.5 else FIRST if mean > 0.5 else SECOND
