"""The verdict in sentences that a statistician of a clinic would accept."""

from collections.abc import Iterator

import numpy as np

from analysis.selection.ties import listed
from analysis.statistics.crossed import Difference
from analysis.verdict.by_rule import apart_by_rule, baselines_by_rule, reached_by_rule
from analysis.verdict.happened import dropped, failures, unfinished
from analysis.verdict.power import powered
from analysis.verdict.verdict import Verdict
from analysis.verdict.versus import interval_text, nearest, same, size_of, versus, versus_next
from analysis.wording import metric_text, plural, title


def paragraphs(told: Verdict) -> tuple[str, ...]:
    """What is to be said, the most important first; each a few sentences on one thing."""
    one = told.by_metric is None
    parts = (
        _apart if one else apart_by_rule,
        _baselines if one else baselines_by_rule,
        _base,
        _optimism if one else reached_by_rule,
        _agreement,
        powered,
        failures,
        dropped,
        unfinished,
    )
    found = (" ".join(part(told)) for part in parts)
    return (headline(told), *filter(None, found))


def headline(told: Verdict) -> str:
    """Which configuration to use, in one sentence."""
    advice, leader = told.name(told.advice), told.name(told.leader)
    several = told.by_metric is not None
    if told.cheaper is not None:
        return f"Use {advice}. {told.cheaper.explanation}"
    if told.advice != told.leader and several:
        return (
            f"Use {advice}: the rule takes {leader} by the means of all runs, and it is better "
            "than this baseline in none of its metrics beyond chance."
        )
    if told.advice != told.leader:
        return (
            f"Use {advice}: {leader} has the better mean of all runs, and is not told from this "
            "baseline beyond chance."
        )
    if told.alike:
        by = " by any metric of the rule" if several else ""
        return f"Use {advice}, which is not told apart from {_names(told, told.alike)}{by}."
    others = len(told.contest.against)
    if not others:
        return f"Use {advice}, the only one that was trained again."
    if several:
        return f"Use {advice}: the rule takes it by the means of all runs."
    return f"Use {advice}: it is better than {_others(told)} beyond chance."


def _others(told: Verdict) -> str:
    others = list(told.contest.against)
    if len(others) == 1:
        return told.name(others[0])
    return f"all {len(others)} others that were trained again"


def _apart(told: Verdict) -> Iterator[str]:
    near = nearest(told)
    if near is not None:
        yield versus_next(told, *near)
    if told.tied:
        names = _names(told, (told.leader, *told.tied))
        yield f"{names} cannot be told apart; {told.cheapest_told}."
    if told.tied and near is not None and near[1].missing == "seeds":
        yield (
            "One new seed does not show what another would change: what is ahead on these rows may "
            "be so by its seed (two or more: medsweep confirm RUN --seeds 3)."
        )


def _baselines(told: Verdict) -> Iterator[str]:
    near = (nearest(told) or ("",))[0]
    for baseline, found in told.contest.to_baseline.items():
        if baseline == told.leader:
            continue
        own = found.get(told.leader)
        corrected = told.contest.over_baseline[baseline].get(told.leader)
        if own is not None and baseline != near:  # of that it was said already
            yield versus(told, baseline, own, corrected)
        if not told.beats(baseline):
            yield (
                f"Against the baseline {told.name(baseline)} that is not beyond chance, so the "
                "advice is to stay with the baseline."
            )


def _base(told: Verdict) -> Iterator[str]:
    for one in (told, *told.also):
        if one.to_base is not None:
            yield _to_base(one, one.to_base)


def _to_base(told: Verdict, found: Difference) -> str:
    sure = interval_text(told, found, None)
    if same(told, found.estimate):
        metric = title(told.evidence.criterion.metric)
        return f"In {metric} it and the untouched base model are alike ({sure})."
    better = (found.estimate < 0) == told.evidence.lower_is_better
    word, size = "better" if better else "worse", size_of(told, abs(found.estimate))
    return f"Against the untouched base model it is {word} by {size} ({sure})."


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
        f": for the best of {shrunk.n_trials} trials "
        f"{metric_text(metric, shrunk.shrunk, 4)} was to be expected"
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


def _names(told: Verdict, trials: tuple[str, ...]) -> str:
    return listed([told.name(trial) for trial in trials])
