"""How many rows each filter took: what must be told before a training begins.

Pure functions of data reports (docs/data.md). `data.limit` is no filter: it is asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Report = Mapping[str, Any]
TOLD_ABOVE = 0.2  # of the rows: a warning
LIMIT, HELD_LEAK = "over_limit", "leak_of_test"
WORDS = {
    "short_question": "question too short",
    "short_answer": "answer too short",
    "bare_boolean": "answer only yes, no, true or false",
    "empty": "a text is empty",
    "equal": "both answers are equal",
    "exact_duplicate": "exact duplicates",
    "near_duplicate": "near duplicates",
    "over_limit": "beyond data.limit",
    "leak": "training rows that repeat a validation or test row",
    "leak_of_test": "validation rows that repeat a test row",
    "benchmark": "rows that hold a question of a benchmark",
    "other_stage": "rows that repeat another stage's validation row",
    "no_answer_left": "no answer token left after truncation",
    "equal_after_truncation": "equal after truncation",
}


class Step(NamedTuple):
    """What one filter did."""

    name: str
    rows_in: int
    dropped: int

    @property
    def rows_out(self) -> int:
        """Rows that it left."""
        return self.rows_in - self.dropped

    @property
    def share(self) -> float:
        """Of the rows that came in, how many went, 0..1."""
        return self.dropped / self.rows_in if self.rows_in else 0.0

    def __str__(self) -> str:
        """E.g. `near duplicates: 105 of 120 rows dropped (87.5%), 15 left`."""
        return (
            f"{words(self.name)}: {self.dropped:,} of {self.rows_in:,} rows dropped "
            f"({self.share:.1%}), {self.rows_out:,} left"
        )


def words(step: str) -> str:
    """A filter's name for people."""
    return WORDS.get(step, step.replace("_", " "))


def steps(report: Report) -> list[Step]:
    """The filters that dropped rows, in their order; in reports of pairs rows are pairs. Rows of
    their own for validation and test (`own`) are left out.

    >>> found = {"rows_read": 120, "dropped": {"near_duplicate": 105, "leak": 2, "benchmark": 0}}
    >>> print(*steps(found), sep="; ")
    near duplicates: 105 of 120 rows dropped (87.5%), 15 left; training rows that repeat a validation or test row: 2 of 15 rows dropped (13.3%), 13 left
    """  # noqa: E501
    apart = _apart(report)
    left, found, order = report.get("rows_read", 0), [], list(WORDS)
    left -= sum(own["rows_read"] for own in apart)
    counts = report.get("dropped") or {}
    # a source's own filters come first
    for name in sorted(counts, key=lambda name: order.index(name) if name in WORDS else -1):
        dropped = _count(counts[name], bool(apart))
        dropped -= sum(_count(own["dropped"].get(name, 0), False) for own in apart)
        if dropped and not (apart and name == HELD_LEAK):
            found.append(Step(name, left, dropped))
            left -= dropped
    return found


def _apart(report: Report) -> list[Report]:
    """What is said of the rows that `data.validation` and `data.test` name."""
    parts = [report, *(report.get("components") or {}).values()]
    return [own for part in parts for own in (part.get("own") or {}).values()]


def _count(count: int | Mapping[str, int], only_train: bool) -> int:
    if isinstance(count, int):
        return count
    return count.get("train", 0) if only_train else sum(count.values())


def lost_share(report: Report) -> float:
    """The share of rows that filters took, 0..1. What is dropped of the rows that a limit left
    counts as a share of those."""
    kept = 1.0
    for step in steps(report):
        kept *= 1.0 if step.name == LIMIT else 1.0 - step.share
    return 1.0 - kept


def loss_told(report: Report) -> str | None:
    """A sentence where filters took more than TOLD_ABOVE of the rows, else None."""
    if "rows_read" not in report or "train" not in (report.get("kept") or {}):
        return None  # of an older run
    return loss_sentence(report) if lost_share(report) > TOLD_ABOVE else None


def loss_sentence(report: Report) -> str:
    """What filters took of the rows and why, and what is left to train on."""
    found = steps(report)
    limited = next((place for place, step in enumerate(found) if step.name == LIMIT), len(found))
    unit, source = report.get("unit", "rows"), report.get("source", "the data")
    parts = [_taken(found[:limited], f"{unit} of {source}")] if found[:limited] else []
    if later := found[limited + 1 :]:
        parts.append(_taken(later, f"{unit} that data.limit kept of {source}"))
    whole = " and ".join(parts) or "nothing"
    return f"filters dropped {whole}; {report['kept']['train']:,} are left for training"


def _taken(found: Sequence[Step], of: str) -> str:
    dropped, read = sum(step.dropped for step in found), found[0].rows_in
    why = ", ".join(f"{words(step.name)} {step.dropped:,}" for step in found)
    return f"{dropped:,} of {read:,} {of} ({dropped / read:.0%}: {why})"


def few_by_limit(report: Report, least: int) -> bool:
    """Whether it is `data.limit` that leaves fewer than `least` training rows: then so few are
    asked for. The filters after it count where they took more than TOLD_ABOVE of what it left."""
    found = steps(report)
    limited = [place for place, step in enumerate(found) if step.name == LIMIT]
    if not limited:
        return False
    later = sum(step.dropped for step in found[limited[0] + 1 :])
    few = later <= TOLD_ABOVE * found[limited[0]].rows_out
    return few or report["kept"]["train"] + later < least


def reports_of(report: Report) -> list[Report]:
    """The report of one training, or those of a trial's stages."""
    return list(report["stages"].values()) if "stages" in report else [report]
