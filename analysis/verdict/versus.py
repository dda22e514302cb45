"""One trial against another in a sentence: by how much, how sure, and by which runs."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.statistics.crossed import Difference, Missing
from analysis.statistics.several import Corrected
from analysis.verdict.verdict import Verdict
from analysis.wording import metric_text, plural, title

NATS = ("val_loss", "train_loss")
OVERLAP = "each on other rows; that their training rows overlap is counted"
TOO_NARROW = "each on other rows, whose training rows overlap: rather too narrow"
ROUNDING = 1e-12
ALL_RUNS = "all runs, the search's among them"


def nearest(told: Verdict) -> tuple[str, Difference] | None:
    """The best of the others by the fresh runs, and the leader's difference to it."""
    found = [(name, d) for name, d in told.contest.against.items() if d is not None]
    sign = 1 if told.evidence.lower_is_better else -1
    return max(found, key=lambda pair: sign * pair[1].estimate, default=None)


def versus_next(told: Verdict, near: str, found: Difference) -> str:
    """The leader against the next, by all runs where the race says so: it was chosen among its own,
    and the means of the new seeds alone may even be the other way round."""
    believed = told.believed(near)
    if believed is None:
        return versus(told, near, found, None)
    gap, (low, high) = believed
    missing: Missing = "" if found.missing == "seeds" else found.missing  # seen in the search
    turned = replace(found, estimate=-gap, interval=(-high, -low), missing=missing)
    return _sentence(told, near, turned, interval_text(told, turned, None, (ALL_RUNS,)))


def versus(told: Verdict, other: str, found: Difference, corrected: Corrected | None) -> str:
    """The leader against another: `A is better than B by 0.54 nats (95% interval 0.49 to 0.59; 5
    seeds, 230 rows)`; `A is ahead of B by …` where that may be chance."""
    return _sentence(told, other, found, interval_text(told, found, corrected))


def _sentence(told: Verdict, second: str, found: Difference, sure: str) -> str:
    first, other = told.name(told.leader), told.name(second)
    if same(told, found.estimate):
        metric = title(told.evidence.criterion.metric)
        return f"{first} and {other} are alike in {metric} ({sure})."
    better = (found.estimate < 0) == told.evidence.lower_is_better
    if second in told.tied:
        word = "ahead of" if better else "behind"
    else:
        word = "better than" if better else "worse than"
    return f"{first} is {word} {other} by {size_of(told, abs(found.estimate))} ({sure})."


def same(told: Verdict, estimate: float) -> bool:
    """Whether a difference is none but for the rounding of sums."""
    return abs(estimate) <= ROUNDING * float(abs(told.evidence.runs(told.leader)).max())


def interval_text(
    told: Verdict, found: Difference, corrected: Corrected | None, by: Sequence[str] = ()
) -> str:
    """The interval, turned so that the difference is above 0, with what it rests on."""
    known = corrected.interval if corrected and corrected.interval else found.interval
    rests = [*by, plural(found.n_seeds, "new seed" if by else "seed")]
    if found.n_rows is not None:
        rests.append(plural(found.n_rows, "row"))
        if found.n_groups is not None and found.n_groups < found.n_rows:
            rests.append(f"in {plural(found.n_groups, 'group')}")
    if corrected is not None and corrected.n_comparisons > 1:
        rests.append(f"corrected for {corrected.n_comparisons} comparisons")
    rests += {
        "seeds": ["chance between seeds not seen"],
        "rows": [_of_rows(told)],
    }.get(found.missing, [])
    if known is None or same(told, known[1] - known[0]):
        return f"no interval: nothing was seen to vary; {', '.join(rests)}"
    low, high = sorted(_turned(value, found.estimate) for value in known)
    metric = told.evidence.criterion.metric
    interval = f"{metric_text(metric, low, 4)} to {metric_text(metric, high, 4)}"
    return f"95% interval {interval}; {', '.join(rests)}"


def _of_rows(told: Verdict) -> str:
    if not told.evidence.own_rows:
        return "chance between rows not seen"
    return OVERLAP if told.evidence.resampled else TOO_NARROW  # how many there are was not kept


def _turned(value: float, estimate: float) -> float:
    """A bound of an interval, turned as the estimate is turned to be above 0."""
    return -value if estimate < 0 else value


def size_of(told: Verdict, value: float) -> str:
    """A difference in the metric, with its unit."""
    metric = told.evidence.criterion.metric
    unit = " nats" if metric in NATS else f" in {title(metric)}"
    return f"{metric_text(metric, value, 4)}{unit}"
