"""A rule that compares several metrics, in sentences: no one metric says who is better."""

from collections.abc import Iterator

from analysis.selection.ties import listed
from analysis.verdict.verdict import Verdict
from analysis.verdict.versus import versus
from analysis.wording import metric_text, plural, title


def apart_by_rule(told: Verdict) -> Iterator[str]:
    """How surely the rule takes the leader, and what it has before each other trial."""
    if told.alone:
        seeds = sum(told.alone.values())
        by = listed([f"{told.name(n)} by {count}" for n, count in told.alone.items()])
        yield f"Of {plural(seeds, 'new seed')}, each by itself, the rule takes {by}."
    for name in told.contest.against:
        yield from _against(told, name)
    if told.alike:
        names = listed([told.name(name) for name in (told.leader, *told.alike)])
        yield f"{names} cannot be told apart by any of these metrics; {told.cheapest_told}."


def baselines_by_rule(told: Verdict) -> Iterator[str]:
    """Where the leader is better than a baseline in none of the metrics."""
    for baseline in told.contest.to_baseline:
        if baseline != told.leader and not told.beats(baseline):
            yield (
                f"In none of these metrics it is better than the baseline {told.name(baseline)} "
                "beyond chance, so the advice is to stay with the baseline."
            )


def reached_by_rule(told: Verdict) -> Iterator[str]:
    """What the leader's new seeds have of every metric, and what the search had."""
    for one in (told, *told.also):
        metric, runs = one.evidence.criterion.metric, one.evidence.runs(one.leader)
        text = f"mean {title(metric)} {metric_text(metric, float(runs.mean()), 4)}"
        if len(runs) > 1:
            text += f", standard deviation {metric_text(metric, float(runs.std(ddof=1)), 4)}"
        text += f", over {plural(len(runs), 'new seed')}"
        own = one.evidence.trials[one.leader].metrics.get(metric)
        before = "" if own is None else f" (the search had {metric_text(metric, own, 4)})"
        yield f"{one.name(one.leader)}: {text}{before}."


def _against(told: Verdict, name: str) -> Iterator[str]:
    for one in (told, *told.also):
        found = one.contest.against.get(name)
        if found is not None and one.by_metric is not None:
            yield versus(one, name, found, one.by_metric[name])
