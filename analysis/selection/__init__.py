"""How the best configuration is chosen. Add a rule: one file here, one line in each dict."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from analysis.folds import averaged, folds_of
from analysis.runs import TrialView
from analysis.selection import balanced, objective
from analysis.selection.choice import Chosen, Criterion
from analysis.wording import plural, title
from sweeps.spec.sections import SearchSpec

SelectionRule = Callable[[Sequence[TrialView], SearchSpec], Chosen | None]
Criteria = Callable[[SearchSpec], tuple[tuple[Criterion, ...], str]]

RULES: dict[str, SelectionRule] = {"objective": objective.choose, "balanced": balanced.choose}
CRITERIA: dict[str, Criteria] = {"objective": objective.criteria, "balanced": balanced.criteria}


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The best trial by the rule that the spec names; None where no trial is eligible.

    Only complete trials that have the rule's metrics are eligible. Where folds are searched, the
    means over folds of configurations that are complete in all of them are compared.

    >>> from analysis.runs import load_run
    >>> run = load_run(Path("runs/demo"))
    >>> choose(run.trials, run.search).rule["metric"]
    'val_loss'
    """
    folds, rule = folds_of(search), RULES[search.selection.rule]
    if folds is None:
        return rule(trials, search)
    choice = rule(averaged(trials, folds), search)
    note = (
        f"All metrics are means over {plural(folds, 'fold')}, and a configuration goes by the name "
        "of its first fold's trial; train it once more on all rows to ship it."
    )
    return choice and replace(choice, explanation=f"{choice.explanation} {note}")


def criteria(search: SearchSpec) -> tuple[Criterion, ...]:
    """The metrics that the spec's rule compares, the first one first."""
    return CRITERIA[search.selection.rule](search)[0]


def why_none(trials: Sequence[TrialView], search: SearchSpec) -> str:
    """A sentence that says why no trial could be chosen."""
    complete = [t for t in trials if t.state == "complete"]
    if not complete:
        return f"No trial could be chosen: none of {plural(len(trials), 'trial')} is complete."
    folds = folds_of(search)
    if folds and not averaged(trials, folds):
        of = plural(folds, "fold")
        return f"No trial could be chosen: no configuration is complete in all of {of}."
    names = ", ".join(title(c.metric) for c in criteria(search))
    return (
        f"No trial could be chosen: of {plural(len(complete), 'complete trial')} none reported "
        f"all of: {names}."
    )
