"""Why a rule takes its first trial and not the next, in one sentence."""

from collections.abc import Callable, Mapping, Sequence

from analysis.runs import TrialView
from analysis.selection.choice import Criterion, alike, signed
from analysis.selection.ties import listed, stands
from analysis.wording import metric_text, title

ALONE = "No other trial could be chosen."


def reason_of(
    order: Sequence[TrialView],
    tied: Sequence[TrialView],
    told: Callable[[TrialView, TrialView], str],
) -> str:
    """The reason: that there is no other, what set it before its equals, or what `told` says of
    the first two."""
    return ALONE if len(order) == 1 else stands(tied) if tied else told(order[0], order[1])


def ahead(first: TrialView, second: TrialView, criterion: Criterion) -> str:
    """How far the first is ahead of (or behind) the second on one metric."""
    gap = signed(second, criterion) - signed(first, criterion)
    reference = abs(second.metrics[criterion.metric])
    share = f" ({abs(gap) / reference:.1%})" if reference else ""
    value = metric_text(criterion.metric, second.metrics[criterion.metric], 4)
    if gap == 0:
        return f"{second.name} has the same {title(criterion.metric)}, {value}."
    where = "ahead of" if gap > 0 else "behind"
    size = f"{abs(gap):.4f}" if abs(gap) >= 1e-4 else f"{abs(gap):.1g}"
    return (
        f"In {title(criterion.metric)} {first.name} is {size}{share} {where} {second.name} "
        f"({value})."
    )


def by_ranks(
    first: TrialView, second: TrialView, sought: Sequence[Criterion], ranks: Mapping[str, float]
) -> str:
    """In which metrics the first is the better, and what mean ranks that makes."""
    own, other = ranks[first.trial], ranks[second.trial]
    means = (
        f"a mean rank of {own:.2f} against {other:.2f}"
        if own != other
        else f"the same mean rank, {own:.2f}, and {title(sought[0].metric)} decides"
    )
    return f"{first.name} is {compared(first, second, sought)} than {second.name}: {means}."


def compared(first: TrialView, second: TrialView, sought: Sequence[Criterion]) -> str:
    """`better in BLEU, worse in Val Loss`; `no better` where all are alike."""
    groups: dict[str, list[str]] = {"better": [], "worse": []}
    for criterion in sought:
        if not alike(first, second, criterion):
            better = signed(first, criterion) < signed(second, criterion)
            groups["better" if better else "worse"].append(title(criterion.metric))
    parts = [f"{word} in {listed(names)}" for word, names in groups.items() if names]
    return ", ".join(parts) or "no better"
