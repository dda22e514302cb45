"""Before a training on what filters left: is it what was meant? A yes is asked for."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import LimitsConfig, SweepSpec
from trainables.data.losses import LIMIT, few_by_limit, loss_sentence, lost_share, reports_of, steps

Report = Mapping[str, Any]
Agree = Callable[[Sequence[str]], bool]  # told the reasons: go on?
LOOK = "Look at what went (`medsweep rows SPEC --dropped`) and at {}. If it is meant"
CUT = "training.max_length (a long data.system_prompt takes of it too)"
BESIDE = "data.validation and data.test, or data.split"
MENDED_BY = {  # the field that a filter listens to; of others data.cleaning
    "no_answer_left": CUT,
    "equal_after_truncation": CUT,
    "leak": BESIDE,
    "leak_of_test": BESIDE,
    "benchmark": "evaluation.benchmarks",
    "other_stage": "the other stage's data",
}


class _Lost(NamedTuple):
    limit: str  # the field of `limits` that lets it pass
    how_much: float  # the more, the worse
    problem: Problem


def nobody(reasons: Sequence[str]) -> bool:
    """The answer where nobody can be asked."""
    return False


def check_losses(
    spec: SweepSpec, report: Report, agree: Agree, searched: Sequence[tuple[str, Report]] = ()
) -> tuple[str, ...]:
    """What was agreed to: () where nothing had to be. SpecError where filters took more rows, or
    left fewer, than `limits` lets pass without a yes and `agree` gives none.

    `report` is that of the spec's own trial, `searched` those of values that the search gives it,
    each with its name. Of each stage and limit the worst is told.
    """
    worst: dict[tuple[int, str], _Lost] = {}
    for name, whole in (("", report), *searched):
        for stage, part in enumerate(reports_of(whole)):
            for lost in _lost(part, spec.limits, name):
                before = worst.setdefault((stage, lost.limit), lost)
                worst[stage, lost.limit] = max(before, lost, key=lambda lost: lost.how_much)
    problems = [lost.problem for lost in worst.values()]
    reasons = tuple(f"{problem.message}." for problem in problems)
    if problems and not agree(reasons):
        raise SpecError(problems)
    return reasons


def _lost(report: Report, limits: LimitsConfig, name: str) -> Iterator[_Lost]:
    lost, left = lost_share(report), report["kept"]["train"]
    where = f"with {name} " if name else ""
    if lost > limits.max_lost_rows:
        share = min(1.0, math.ceil(lost * 100) / 100)
        message = f"{where}{loss_sentence(report)}"
        yield _Lost("max_lost_rows", lost, _problem(report, message, f"max_lost_rows: {share:g}"))
    elif left < limits.min_training_rows and not few_by_limit(report, limits.min_training_rows):
        message = f"{where}only {left:,} training {report.get('unit', 'rows')} are left"
        if lost:
            message += f"; {loss_sentence(report)}"
        problem = _problem(report, message, f"min_training_rows: {left}")
        yield _Lost("min_training_rows", -left, problem)


def _problem(report: Report, message: str, setting: str) -> Problem:
    fix = f"{LOOK.format(_mended_by(report))}: --yes, or `limits: {{{setting}}}` in the spec"
    return Problem(None, None, "trial.data", report.get("source"), message, fix)


def _mended_by(report: Report) -> str:
    """The fields to look at, that of the filter that took most first."""
    taken = sorted(steps(report), key=lambda step: -step.dropped)
    names = [step.name for step in taken if step.name != LIMIT]
    return ", ".join(dict.fromkeys(MENDED_BY.get(n, "data.cleaning") for n in names)) or "the data"
