"""The verdict as numbers, for best.json."""

from dataclasses import asdict
from statistics import fmean, stdev
from typing import Any

from analysis.statistics.crossed import Difference
from analysis.statistics.detectable import smallest_detectable
from analysis.statistics.several import Corrected
from analysis.statistics.wins import Wins, beats
from analysis.verdict.evidence import number_of
from analysis.verdict.leader import means
from analysis.verdict.verdict import Verdict


def numbers(told: Verdict) -> dict[str, Any]:
    """What best.json has under `confirmed`; differences are the leader's value less the other's."""
    found = told.evidence
    return {
        "metric": found.criterion.metric,
        "mode": found.criterion.mode,
        "leader": told.leader,
        "advice": told.advice,
        "tied": list(told.alike),
        "cheapest_of_tied": told.cheapest if told.alike else None,
        "clear": not told.alike,
        "rows": found.n_rows,
        "noise_floor": told.noise or None,
        "vary": list(found.asked.vary),
        "runs_left": len(found.course.due),
        "trials": {name: _trial(told, name) for name in found.trials},
        "against": {
            name: difference_told(d, told.contest.corrected.get(name))
            for name, d in told.contest.against.items()
        },
        "against_baselines": {
            baseline: difference_told(
                all_.get(told.leader), told.contest.over_baseline[baseline].get(told.leader)
            )
            for baseline, all_ in told.contest.to_baseline.items()
            if baseline != told.leader
        },
        "against_base_model": difference_told(told.to_base, None),
        "agreement": asdict(told.agreement) if told.agreement else None,
        "optimism": asdict(told.optimism) if told.optimism else None,
        **(_of_rule(told) if told.by_metric is not None else {}),
    }


def _of_rule(told: Verdict) -> dict[str, Any]:
    """Of a rule that compares several metrics: each of them, and what each new seed would take."""
    return {
        "taken_by_seeds_alone": dict(told.alone),
        "by_metric": {
            one.evidence.criterion.metric: {
                "rows": one.evidence.n_rows,
                "not_told_apart": list(one.tied),
                "against": {
                    name: difference_told(d, (one.by_metric or {}).get(name))
                    for name, d in one.contest.against.items()
                },
                "against_base_model": difference_told(one.to_base, None),
            }
            for one in (told, *told.also)
        },
    }


def _trial(told: Verdict, name: str) -> dict[str, Any]:
    """One trial's fresh runs and where it stands."""
    found, trial = told.evidence, told.evidence.trials[name]
    values = [float(v) for v in found.runs(name)]
    standing = found.standing.candidates if found.standing else ()
    place = next((candidate for candidate in standing if candidate.name == name), None)
    wins = _wins(told, name)
    return {
        "label": trial.label,
        "searched": trial.metrics.get(found.criterion.metric),
        "seeds": [found.asked.seed(number_of(view)) for view in trial.fresh],
        "values": values,
        "mean": fmean(values) if values else None,
        "sd": stdev(values) if len(values) > 1 else None,
        "means": means(trial),
        "failed": found.failed[name],
        "lost": found.lost[name],
        "probability_best": place and place.best,
        "expected": place and place.mean,
        "above_leader": _believed(told, name),
        "beaten_by_leader": wins and asdict(wins),
        "dropped": dict(found.course.dropped[name]) if name in found.course.dropped else None,
    }


def _believed(told: Verdict, name: str) -> dict[str, Any] | None:
    """Its value less the leader's from all runs, and the interval that holds after the choice."""
    found = told.believed(name)
    return {"estimate": found[0], "interval": list(found[1])} if found else None


def _wins(told: Verdict, name: str) -> Wins | None:
    """How often the leader's run is better than this trial's of the same seed."""
    import numpy as np

    if name == told.leader:
        return None
    pair = [told.evidence.tables[n] for n in (told.leader, name)]
    own, other = (t if t.ndim == 1 else t.mean(axis=1) for t in pair)
    both = np.isfinite(own) & np.isfinite(other)
    return beats(own[both], other[both], told.evidence.lower_is_better)


def difference_told(found: Difference | None, corrected: Corrected | None) -> dict[str, Any] | None:
    """A difference with its interval, its sources of chance and what it was corrected for."""
    if found is None:
        return None
    return {
        **asdict(found),
        "corrected": corrected and asdict(corrected),
        "smallest_detectable": smallest_detectable(found),
    }
