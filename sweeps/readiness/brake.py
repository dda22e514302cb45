"""Before a training on what filters left: is it what was meant? A yes is asked for."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import LimitsConfig, SweepSpec
from trainables.data.losses import few_by_limit, loss_sentence, lost_share, reports_of

Agree = Callable[[Sequence[str]], bool]  # told the reasons: go on?
LOOK = "Look at the rows (`medsweep rows SPEC`) and at data.cleaning. If it is meant"


def nobody(reasons: Sequence[str]) -> bool:
    """The answer where nobody can be asked."""
    return False


def check_losses(spec: SweepSpec, report: Mapping[str, Any], agree: Agree) -> None:
    """SpecError where filters took more rows, or left fewer, than `limits` lets pass without a yes
    and `agree` gives none. `report` is that of the spec's own trial, which stands for all."""
    problems = [p for part in reports_of(report) for p in _problems(part, spec.limits)]
    if problems and not agree([f"{problem.message}." for problem in problems]):
        raise SpecError(problems)


def _problems(report: Mapping[str, Any], limits: LimitsConfig) -> Iterator[Problem]:
    lost, left = lost_share(report), report["kept"]["train"]
    if lost > limits.max_lost_rows:
        share = min(1.0, math.ceil(lost * 100) / 100)
        yield _problem(report, loss_sentence(report), f"max_lost_rows: {share:g}")
    elif left < limits.min_training_rows and not few_by_limit(report, limits.min_training_rows):
        message = f"only {left:,} training {report.get('unit', 'rows')} are left"
        if lost:
            message += f"; {loss_sentence(report)}"
        yield _problem(report, message, f"min_training_rows: {left}")


def _problem(report: Mapping[str, Any], message: str, setting: str) -> Problem:
    fix = f"{LOOK}: --yes, or `limits: {{{setting}}}` in the spec"
    return Problem(None, None, "trial.data", report.get("source"), message, fix)
