"""The verdict in sentences that a statistician of a clinic would accept."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from analysis.selection.ties import listed
from analysis.statistics.crossed import Difference
from analysis.statistics.detectable import more_rows, more_seeds, smallest_detectable
from analysis.statistics.several import Corrected
from analysis.verdict.happened import dropped, failures, unfinished
from analysis.verdict.verdict import Verdict
from analysis.wording import metric_text, plural, title

NATS = ("val_loss", "train_loss")
OVERLAP = "each on other rows, whose training rows overlap: rather too narrow"


def paragraphs(told: Verdict) -> tuple[str, ...]:
    """What is to be said, the most important first; each a few sentences on one thing."""
    parts = (
        _apart,
        _baselines,
        _base,
        _optimism,
        _agreement,
        _power,
        failures,
        dropped,
        unfinished,
    )
    found = (" ".join(part(told)) for part in parts)
    return (headline(told), *filter(None, found))


def headline(told: Verdict) -> str:
    """Which configuration to use, in one sentence."""
    advice, leader = told.name(told.advice), told.name(told.leader)
    if told.advice != told.leader:
        return (
            f"Use {advice}: {leader} has the better mean of all runs, and is not told from this "
            "baseline beyond chance."
        )
    if told.tied:
        return f"Use {advice}, which is not told apart from {_names(told, told.tied)}."
    others = len(told.contest.against)
    if not others:
        return f"Use {advice}, the only one that was trained again."
    return f"Use {advice}: it is better than {_others(told)} beyond chance."


def _others(told: Verdict) -> str:
    others = list(told.contest.against)
    if len(others) == 1:
        return told.name(others[0])
    return f"all {len(others)} others that were trained again"


def _apart(told: Verdict) -> Iterator[str]:
    near = _nearest(told)
    if near is not None:
        yield _versus_next(told, *near)
    if told.tied:
        names = _names(told, (told.leader, *told.tied))
        yield f"{names} cannot be told apart; the cheapest of them is {told.name(told.cheapest)}."


def _versus_next(told: Verdict, near: str, found: Difference) -> str:
    """As `_versus`, from all runs where the race says so: the leader was chosen among its own."""
    believed = told.believed(near)
    if believed is None:
        return _versus(told, told.leader, near, found, None)
    gap, (low, high) = believed
    return _versus(
        told, told.leader, near, replace(found, estimate=-gap, interval=(-high, -low)), None
    )


def _nearest(told: Verdict) -> tuple[str, Difference] | None:
    """The best of the others by the fresh runs, and the leader's difference to it."""
    found = [(name, d) for name, d in told.contest.against.items() if d is not None]
    sign = 1 if told.evidence.lower_is_better else -1
    return max(found, key=lambda pair: sign * pair[1].estimate, default=None)


def _baselines(told: Verdict) -> Iterator[str]:
    for baseline, found in told.contest.to_baseline.items():
        if baseline == told.leader:
            continue
        own = found.get(told.leader)
        corrected = told.contest.over_baseline[baseline].get(told.leader)
        if own is not None:
            yield _versus(told, told.leader, baseline, own, corrected)
        if not told.beats(baseline):
            yield (
                f"Against the baseline {told.name(baseline)} that is not beyond chance, so the "
                "advice is to stay with the baseline."
            )


def _versus(
    told: Verdict, first: str, second: str, found: Difference, corrected: Corrected | None
) -> str:
    """`A is better than B by 0.54 nats (95% interval 0.49 to 0.59; 5 seeds, 230 rows)`."""
    better = (found.estimate < 0) == told.evidence.lower_is_better
    word = "better" if better else "worse"
    if found.estimate == 0:
        word = "no better"
    return (
        f"{told.name(first)} is {word} than {told.name(second)} by "
        f"{_size(told, abs(found.estimate))} ({_interval(told, found, corrected)})."
    )


def _interval(told: Verdict, found: Difference, corrected: Corrected | None) -> str:
    """The interval, turned so that the difference is above 0, with what it rests on."""
    known = corrected.interval if corrected and corrected.interval else found.interval
    rests = [plural(found.n_seeds, "seed")]
    if found.n_rows is not None:
        rests.append(plural(found.n_rows, "row"))
        if found.n_groups is not None and found.n_groups < found.n_rows:
            rests.append(f"in {plural(found.n_groups, 'group')}")
    if corrected is not None and corrected.n_comparisons > 1:
        rests.append(f"corrected for {corrected.n_comparisons} comparisons")
    rests += {
        "seeds": ["chance between seeds not seen"],
        "rows": [
            OVERLAP if "split" in told.evidence.asked.vary else "chance between rows not seen"
        ],
    }.get(found.missing, [])
    if known is None:
        return f"no interval: nothing was seen to vary; {', '.join(rests)}"
    low, high = sorted(_turned(value, found.estimate) for value in known)
    metric = told.evidence.criterion.metric
    interval = f"{metric_text(metric, low, 4)} to {metric_text(metric, high, 4)}"
    return f"95% interval {interval}; {', '.join(rests)}"


def _turned(value: float, estimate: float) -> float:
    """A bound of an interval, turned as the estimate is turned to be above 0."""
    return -value if estimate < 0 else value


def _base(told: Verdict) -> Iterator[str]:
    found = told.to_base
    if found is not None:
        better = (found.estimate < 0) == told.evidence.lower_is_better
        word = "better" if better else "worse"
        yield (
            f"Against the untouched base model it is {word} by {_size(told, abs(found.estimate))} "
            f"({_interval(told, found, None)})."
        )


def _optimism(told: Verdict) -> Iterator[str]:
    """What the search had of the leader, and what its fresh runs have."""
    runs, metric = told.evidence.runs(told.leader), told.evidence.criterion.metric
    own = told.evidence.asked.pool.get(told.leader)
    mean = metric_text(metric, float(runs.mean()), 4)
    spread = ""
    if len(runs) > 1:
        sd = metric_text(metric, float(np.std(runs, ddof=1)), 4)
        spread = f", standard deviation {sd}"
    over = f"over {plural(len(runs), 'new seed')}{spread}"
    text = f"{told.name(told.leader)}: mean {title(metric)} {mean} {over}"
    if own is None:
        yield f"{text}."
        return
    shrunk = told.optimism
    expected = (
        f"; moved towards all {shrunk.n_trials} trials it would have been expected at "
        f"{metric_text(metric, shrunk.shrunk, 4)}"
        if shrunk
        else ""
    )
    yield (
        f"{text}; the search had {metric_text(metric, own, 4)}, the best of many noisy values"
        f"{expected}."
    )


def _agreement(told: Verdict) -> Iterator[str]:
    found = told.agreement
    if found:
        yield (
            f"Its {found.n_seeds} seeds agree on {found.agreed:.0%} of {found.n_questions} "
            "questions."
        )


def _power(told: Verdict) -> Iterator[str]:
    """What this design can see, and what it would take to see the smallest difference."""
    nearest = _nearest(told)
    if nearest is None:
        return
    near, found = nearest
    least = smallest_detectable(found)
    if least is None:
        return
    text = (
        f"A true difference of {_size(told, least)} would be seen with 80% power by this many "
        "seeds and rows"
    )
    if near not in told.tied:
        yield f"{text}."
        return
    yield f"{text}; {_settle(told, near, found)}."


def _settle(told: Verdict, near: str, found: Difference) -> str:
    """How many more seeds or rows would tell the leader from the next, were they as far apart as
    they seem."""
    ways = [
        plural(count, f"more {unit}")
        for unit, count in (("seed", more_seeds(found)), ("row", more_rows(found)))
        if count
    ]
    name = told.name(near)
    if not ways:
        return (
            f"no number of seeds alone, nor of rows alone, would tell {name} from it at this lead"
        )
    return f"to tell {name} from it at this lead takes {' or '.join(ways)}"


def _size(told: Verdict, value: float) -> str:
    metric = told.evidence.criterion.metric
    unit = " nats" if metric in NATS else f" in {title(metric)}"
    return f"{metric_text(metric, value, 4)}{unit}"


def _names(told: Verdict, trials: tuple[str, ...]) -> str:
    return listed([told.name(trial) for trial in trials])
