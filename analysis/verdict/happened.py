"""What happened in a confirmation besides its numbers: failures, who dropped out, what is left."""

from collections.abc import Iterator

from analysis.verdict.verdict import Verdict
from analysis.wording import plural


def failures(told: Verdict) -> Iterator[str]:
    """Seeds that gave no number, and why."""
    for name, count in told.evidence.failed.items():
        if count:
            yield (
                f"{plural(count, 'new seed')} of {told.name(name)} failed: each counts as the "
                "worst value at hand where trials are chosen, and is in no mean and no interval."
            )
    for name, count in told.evidence.lost.items():
        if count:
            yield (
                f"{plural(count, 'run')} of {told.name(name)} ended for no fault of its "
                "configuration and says nothing (run again: medsweep confirm RUN --retry-failed)."
            )


def dropped(told: Verdict) -> Iterator[str]:
    """Who left the race, and when."""
    for name, found in told.evidence.course.dropped.items():
        yield (
            f"{told.name(name)} dropped out after {plural(int(found['after']), 'new seed')}: it "
            f"was the best on these rows with a probability of {found['probability']:.1%}."
        )


def unfinished(told: Verdict) -> Iterator[str]:
    """Whether runs are left."""
    due = len(told.evidence.course.due)
    if due:
        yield (
            f"The confirmation is not over: {plural(due, 'run')} left (medsweep resume RUN). What "
            "is said here may change."
        )
