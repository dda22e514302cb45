"""How the best configuration is chosen. Add a rule: one file here, one line in each dict."""

from collections.abc import Callable, Sequence
from typing import Any

from analysis.runs import TrialView, look_up
from analysis.selection import balanced, objective
from analysis.selection.choice import Choice, Criterion
from analysis.wording import plural, title

Rule = Callable[[Sequence[TrialView], dict[str, Any]], Choice | None]
Criteria = Callable[[Sequence[TrialView], dict[str, Any]], tuple[tuple[Criterion, ...], str]]

RULES: dict[str, Rule] = {"objective": objective.choose, "balanced": balanced.choose}
CRITERIA: dict[str, Criteria] = {"objective": objective.criteria, "balanced": balanced.criteria}


def choose(trials: Sequence[TrialView], spec: dict[str, Any]) -> Choice | None:
    """The best trial by the rule that the spec names; None where no trial is eligible.

    `spec` is the resolved sweep. Only complete trials that have the rule's metrics are eligible.
    ValueError for an unknown rule.
    """
    return RULES[rule_name(spec)](trials, spec)


def criteria(trials: Sequence[TrialView], spec: dict[str, Any]) -> tuple[Criterion, ...]:
    """The metrics that the spec's rule compares, the first one first."""
    return CRITERIA[rule_name(spec)](trials, spec)[0]


def why_none(trials: Sequence[TrialView], spec: dict[str, Any]) -> str:
    """A sentence that says why no trial could be chosen."""
    complete = [t for t in trials if t.state == "complete"]
    if not complete:
        return f"No trial could be chosen: none of {plural(len(trials), 'trial')} is complete."
    names = ", ".join(title(c.metric) for c in criteria(trials, spec))
    return (
        f"No trial could be chosen: of {plural(len(complete), 'complete trial')} none reported "
        f"all of: {names}."
    )


def rule_name(spec: dict[str, Any]) -> str:
    """The rule's name in the spec, `objective` where none is given."""
    name = str(look_up(spec, "search.selection.rule") or "objective")
    if name not in RULES:
        raise ValueError(f"search.selection.rule: unknown rule {name!r}; use one of {list(RULES)}")
    return name
