"""Which trials cost less than the chosen one and cannot be told apart from it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from analysis.files import RunError
from analysis.folds import compared
from analysis.rows import paired
from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.selection.cheapness import PRICES
from analysis.selection.choice import Chosen, Criterion, alike, candidates, noise_of, signed
from analysis.statistics.crossed import difference
from analysis.uncertainty import standard_error
from analysis.wording import plural, title

NAMED = 3
NEAREST = 50  # trials that are looked at: those whose values lie nearest to the chosen one's


@dataclass(frozen=True)
class Cheaper:
    """A trial that costs less, and why it cannot be told apart."""

    trial: str
    name: str
    by: str  # trainable_parameters, memory or minutes
    costs: float
    against: float  # what the chosen one costs
    why: str


def cheaper(run: Run, choice: Chosen) -> list[Cheaper]:
    """The cheapest first. Compared is the rule's first metric, by what there is: the paired rows of
    both (the 95% interval of their difference includes 0), else the repeats (their means lie within
    twice the standard error of their difference), else the noise floor."""
    sought, by = criteria(run.search), run.search.selection.cheapest_by
    among = candidates(compared(run.trials, run.search), sought, run.search)
    best = next((t for t in among if t.trial == choice.trial), None)
    if best is None:
        return []
    costs = PRICES[by].of(among)
    against = costs.get(best.trial, 0.0)
    less = [t for t in among if t.trial in costs and costs[t.trial] < against]
    nearest = sorted(less, key=lambda t: abs(signed(t, sought[0]) - signed(best, sought[0])))
    found = [
        Cheaper(t.trial, t.name, by, costs[t.trial], against, why)
        for t in nearest[:NEAREST]
        if (why := _alike(run, best, t, sought[0]))
    ]
    return sorted(found, key=lambda c: c.costs)


def cheaper_told(found: list[Cheaper], metric: str) -> str:
    """The line of the summary; "" where no trial is both."""
    if not found:
        return ""
    price = PRICES[found[0].by]
    named = "; ".join(
        f"{c.name} ({price.text(c.costs)} against {price.text(c.against)}: {c.why})"
        for c in found[:NAMED]
    )
    more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"Cheaper by {price.noun} and not told apart in {title(metric)}: {named}{more}."


def as_facts(found: list[Cheaper]) -> list[dict[str, Any]]:
    """For best.json."""
    return [asdict(c) for c in found]


def _alike(run: Run, best: TrialView, other: TrialView, sought: Criterion) -> str:
    """Why two trials cannot be told apart by a metric; "" where they can, or nothing tells."""
    return next((why for why in _reasons(run, best, other, sought) if why is not None), "")


def _reasons(
    run: Run, best: TrialView, other: TrialView, sought: Criterion
) -> Iterator[str | None]:
    """The first that is not None counts; "" says that they can be told apart."""
    if alike(best, other, sought):
        floor = noise_of((best, other), sought)
        yield f"within the noise floor, {floor:.2g}" if floor else "the same value"
    if best.repeats > 1:
        yield _by_repeats(best, other, sought)
    else:
        yield _by_rows(run, best, other, sought)


def _by_repeats(best: TrialView, other: TrialView, sought: Criterion) -> str | None:
    errors = [standard_error(t, sought.metric) for t in (best, other)]
    if None in errors:
        return None
    size = sum(e.size**2 for e in errors if e) ** 0.5
    apart = abs(best.metrics[sought.metric] - other.metrics[sought.metric])
    return f"means of {plural(best.repeats, 'repeat')}" if apart <= 2 * size else ""


def _by_rows(run: Run, best: TrialView, other: TrialView, sought: Criterion) -> str | None:
    asked = "val_loss" if sought.metric == "perplexity" else sought.metric
    try:
        rows = paired(run, asked, [best.trial, other.trial])
    except RunError:  # judged on other rows, or without results row by row
        return None
    if rows is None:
        return None
    told = difference(rows.shares[:1], rows.shares[1:], rows.groups.tolist())
    if told is None or told.interval is None:
        return None
    low, high = told.interval
    return f"over the same {plural(len(rows.ids), 'row')}" if low <= 0 <= high else ""
