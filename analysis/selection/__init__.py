"""How the best configuration is chosen. Add a rule: one file here, one line in each dict."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from analysis.folds import (
    compared,
    complete_ones,
    configuration_of,
    configurations,
    folds_of,
    repeat_paths,
)
from analysis.runs import TrialView
from analysis.selection import (
    balanced,
    knee,
    lexicographic,
    objective,
    one_standard_error,
    weighted,
)
from analysis.selection.choice import Chosen, Criterion, broken, eligible
from analysis.wording import plural, title
from sweeps.spec.repeats import seed_paths
from sweeps.spec.sections import SearchSpec

SelectionRule = Callable[[Sequence[TrialView], SearchSpec], Chosen | None]
Criteria = Callable[[SearchSpec], tuple[tuple[Criterion, ...], str]]

RULES: dict[str, SelectionRule] = {
    "objective": objective.choose,
    "balanced": balanced.choose,
    "weighted": weighted.choose,
    "lexicographic": lexicographic.choose,
    "knee": knee.choose,
    "one_standard_error": one_standard_error.choose,
}
CRITERIA: dict[str, Criteria] = {
    "objective": objective.criteria,
    "balanced": balanced.criteria,
    "weighted": weighted.criteria,
    "lexicographic": lexicographic.criteria,
    "knee": knee.criteria,
    "one_standard_error": one_standard_error.criteria,
}


def choose(trials: Sequence[TrialView], search: SearchSpec) -> Chosen | None:
    """The best trial by the rule that the spec names; None where no trial is eligible.

    Only complete trials that have the rule's metrics are eligible. Where folds or seeds are
    searched, the means over them are compared, of configurations that are complete in all folds,
    and of these those with the most seeds.

    >>> from analysis.runs import load_run
    >>> run = load_run(Path("runs/demo"))
    >>> choose(run.trials, run.search).rule["metric"]
    'val_loss'
    """
    among = compared(trials, search)
    choice = RULES[search.selection.rule](among, search)
    if choice is None:
        return None
    notes = [_constraints_note(among, search)]
    if repeat_paths(search):
        notes.append(_repeats_note(choice, trials, search))
    return replace(choice, explanation=" ".join(filter(None, (choice.explanation, *notes))))


def criteria(search: SearchSpec) -> tuple[Criterion, ...]:
    """The metrics that the spec's rule compares, the first one first."""
    return CRITERIA[search.selection.rule](search)[0]


def why_none(trials: Sequence[TrialView], search: SearchSpec) -> str:
    """A sentence that says why no trial could be chosen."""
    complete = [t for t in trials if t.state == "complete"]
    if not complete:
        return f"No trial could be chosen: none of {plural(len(trials), 'trial')} is complete."
    folds = folds_of(search)
    if folds and not compared(trials, search):
        of = plural(folds, "fold")
        return f"No trial could be chosen: no configuration is complete in all of {of}."
    if found := eligible(compared(trials, search), criteria(search)):
        kept = _constraints_note(found, search)
        return f"No trial could be chosen: {kept[0].lower()}{kept[1:]}"
    names = ", ".join(title(c.metric) for c in criteria(search))
    return (
        f"No trial could be chosen: of {plural(len(complete), 'complete trial')} none reported "
        f"all of: {names}."
    )


def _constraints_note(trials: Sequence[TrialView], search: SearchSpec) -> str:
    """Which constraints are kept by how many of the trials that the rule compares."""
    among = eligible(trials, criteria(search))
    kept = [
        f"{bound} by {sum(bound.holds(t.metrics.get(bound.metric)) for t in among)}"
        for bound in search.selection.bounds
    ]
    whole = sum(not broken(t, search) for t in among)
    if not kept:
        return ""
    of = complete_ones(among)
    return f"Of {of} {whole} keep all constraints ({', '.join(kept)})."


def _repeats_note(choice: Chosen, trials: Sequence[TrialView], search: SearchSpec) -> str:
    """What the compared numbers are means over, and who was left out."""
    chosen = configuration_of(choice.trial, trials, search)
    folds, seeds = folds_of(search), seed_paths(search)
    repeats = chosen.different(seeds) if chosen and seeds else 0
    if folds is None and repeats < 2:
        return (
            "Seeds are searched, but no configuration is complete with two of them: each was "
            "trained once and nothing is averaged (sampler grid trains every configuration with "
            "every seed)."
        )
    over = [plural(folds, "fold")] if folds else []
    over += [plural(repeats, "seed")] if repeats > 1 else []
    first = " and ".join(["fold"] * bool(folds) + ["seed"] * (repeats > 1))
    ship = "; train it once more on all rows to ship it" if folds else ""
    note = (
        f"All metrics are means over {' and '.join(over)}, and a configuration goes by the name "
        f"of its first {first}'s trial{ship}."
    )
    left = len(configurations(trials, repeat_paths(search))) - len(compared(trials, search))
    fewer = f" {plural(left, 'configuration')} with fewer complete seeds could not be chosen."
    return note + (fewer if seeds and left else "")
