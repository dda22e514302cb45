"""Whether what is sought is measured: objectives, selection and early stopping."""

from collections.abc import Iterator, Sequence
from typing import Any

from search_spaces.nearest import did_you_mean
from search_spaces.schema import get_path
from sweeps.reading.comparable_checks import comparable_findings
from sweeps.reading.document import Path, SpecFinding, section
from sweeps.reading.parts import Parts, objectives_of
from sweeps.reading.reward_checks import measuring_stage, rewards_weighed
from sweeps.spec.sections import Selection
from trainables.evaluation.metric_names import (
    REINFORCED,
    REWARD,
    UNSEEN,
    how_to_measure,
    metric_named,
    reported,
)

# measured at every rung, so a trial can be stopped on them before its end
DURING_TRAINING = (
    *("val_loss", "perplexity", "bits_per_byte", "train_loss"),
    *("reward", "kl", "answer_tokens", "truncated", "pairwise_accuracy"),
)
EITHER_WAY = ("answer_tokens",)  # shorter answers or longer ones: who knows what is wanted


def metric_findings(parts: Parts) -> list[SpecFinding]:
    """Everything that is wrong with metrics' names."""
    known = _known(parts)
    checks = (_objectives, _selection, _early_stopping)
    found = [finding for check in checks for finding in check(parts, known)]
    return [*found, *comparable_findings(parts, list(sought_metrics(parts)))]


def _known(parts: Parts) -> Sequence[str]:
    """The metrics that every trial reports."""
    kind, stage = measuring_stage(parts)
    families = parts.own.get("evaluation.metrics")
    if families is None:  # wrong itself: what it would report is unknown
        families = ("perplexity", "rouge", "bleu", "bertscore")
    benchmarks = parts.own.get("evaluation.benchmarks") or ()
    of_benchmarks = tuple(name for benchmark in benchmarks for name in benchmark.metrics)
    rewards = sorted(rewards_weighed(parts)[0]) if kind in REINFORCED else []
    unseen = (UNSEEN,) if parts.own.get(f"{stage}data.unseen") else ()
    return reported((*families, *of_benchmarks, *unseen), kind, rewards)


def sought_metrics(parts: Parts) -> Iterator[tuple[Path, str]]:
    """Each metric that trials are compared by, and its place in the spec."""
    for place, name in parts.objectives:
        yield (*place, "metric"), name
    if parts.selection is not None:
        yield from ranked_metrics(parts.selection)
        yield from _bounded(parts.selection)
    if parts.early_stopping is not None and parts.early_stopping.metric is not None:
        yield ("search", "early_stopping", "metric"), parts.early_stopping.metric


def _objectives(parts: Parts, known: Sequence[str]) -> Iterator[SpecFinding]:
    names = [name for _, name in parts.objectives]
    for index, (place, name) in enumerate(parts.objectives):
        yield from _reported(parts, (*place, "metric"), name, known)
        if name in names[:index]:
            yield SpecFinding((*place, "metric"), "is there twice", name, "Remove one of them")


def direction_findings(data: dict[str, Any]) -> Iterator[SpecFinding]:
    """Objectives that ask for the worst."""
    for place, name in objectives_of(section(data, "search")):
        mode = get_path(data, ".".join(map(str, (*place, "mode"))))
        metric = metric_named(name)
        turned = metric and mode in ("min", "max") and mode != metric.mode
        if metric and turned and name not in EITHER_WAY:
            better = "lower" if metric.mode == "min" else "higher"
            what = f"would choose the worst trial: {name} is better when it is {better}"
            yield SpecFinding((*place, "mode"), what, mode, f"Write `mode: {metric.mode}`")


def _reported(parts: Parts, place: Path, name: str, known: Sequence[str]) -> Iterator[SpecFinding]:
    metric, (kind, _) = metric_named(name), measuring_stage(parts)
    if name in known:
        return
    if metric and metric.kinds and kind not in metric.kinds:
        what = f"is not reported by trials of kind {kind}, only by {' and '.join(metric.kinds)}"
        yield SpecFinding(place, what, name, f"This kind reports: {', '.join(known)}")
    elif name.startswith(REWARD) and name.removeprefix(REWARD) in rewards_weighed(parts)[1]:
        what = "is not reported by trials that give this reward a weight of 0"
        yield SpecFinding(place, what, name, "Search weights that are all above 0")
    elif metric:
        yield SpecFinding(place, "is not measured by this trial", name, how_to_measure(name))
    else:
        fix = did_you_mean(name, known) or f"It reports: {', '.join(known)}"
        yield SpecFinding(place, "is not a metric that the trial reports", name, fix)


def _selection(parts: Parts, known: Sequence[str]) -> Iterator[SpecFinding]:
    selection = parts.selection
    if selection is None:
        return
    place: Path = ("search", "selection")
    yield from _of_the_rule(parts, selection, place)
    for ranked, name in ranked_metrics(selection):
        yield from _reported(parts, ranked, name, known)
    for bounded, name in _bounded(selection):
        yield from _reported(parts, bounded, name, known)


def _bounded(selection: Selection) -> Iterator[tuple[Path, str]]:
    """The metrics of constraints and targets, each with its place."""
    for name, bounds in (("constraints", selection.bounds), ("targets", selection.aims)):
        for index, written in enumerate(bounds):
            yield ("search", "selection", name, index), written.metric


def ranked_metrics(selection: Selection) -> Iterator[tuple[Path, str]]:
    """The metrics that the rule compares besides the objectives, each with its place."""
    place: Path = ("search", "selection", "weights" if selection.rule == "weighted" else "metrics")
    for index, name in enumerate(selection.ranked):
        yield (*place, name if selection.rule == "weighted" else index), name


def _of_the_rule(parts: Parts, selection: Selection, place: Path) -> Iterator[SpecFinding]:
    """What a rule needs, and metrics that are there twice."""
    rule, names = selection.rule, selection.ranked
    if rule == "weighted" and not names:
        yield SpecFinding((*place, "weights"), "names no metric", {}, "E.g. {val_loss: 2, bleu: 1}")
    elif rule in ("balanced", "lexicographic") and not names:
        fix = "E.g. [val_loss, rouge1, bleu]"
        yield SpecFinding((*place, "metrics"), "names no metric", [], fix)
    elif rule == "knee" and len(parts.objectives) == 1:
        what = "is of several objectives, and there is one"
        yield SpecFinding((*place, "rule"), what, rule, "Write a list of objectives, or objective")
    elif rule == "one_standard_error" and len(parts.objectives) > 1:
        what = "is of one objective, and there are several"
        fix = "Write one objective and the others as constraints, or knee"
        yield SpecFinding((*place, "rule"), what, rule, fix)
    for index, name in enumerate(names):
        if name in names[:index]:
            yield SpecFinding(
                (*place, "metrics", index), "is there twice", name, "Remove one of them"
            )
    for name in selection.tolerances:
        if rule == "lexicographic" and name not in names:
            fix = f"Add it to metrics ({', '.join(names)}), or remove it"
            yield SpecFinding((*place, "tolerances", name), "is not compared", name, fix)


def _early_stopping(parts: Parts, known: Sequence[str]) -> Iterator[SpecFinding]:
    if parts.early_stopping is None:
        return
    place: Path = ("search", "early_stopping", "metric")
    name = parts.early_stopping.metric
    fix = f"Name one of: {', '.join(metric for metric in known if during_training(metric))}"
    if name is not None:
        if metric_named(name) and not during_training(name):
            yield SpecFinding(place, "is measured only at a trial's end", name, fix)
        else:
            yield from _reported(parts, place, name, known)
    elif len(parts.objectives) > 1:
        yield SpecFinding(place, "must be named where there are several objectives", None, fix)
    elif (
        parts.objectives
        and not during_training(goal := parts.objectives[0][1])
        and metric_named(goal)
    ):
        what = f"must be named: the objective {goal} is measured only at a trial's end"
        yield SpecFinding(place, what, None, fix)


def during_training(name: str) -> bool:
    """Whether a metric is measured at every evaluation, not only at a trial's end."""
    return name in DURING_TRAINING or name.startswith(REWARD)
