"""Sweeps in memory: a line of parameters and metrics a trial."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.runs import Run, TrialView
from sweeps.spec.sections import SearchSpec

Line = tuple[dict[str, Any], dict[str, float]]


def sweep(
    lines: Sequence[Line], parameters: dict[str, Any], *others: TrialView, **search: Any
) -> Run:
    """A run whose complete trials are `lines`; `others` stand as they are."""
    objective = {"metric": "val_loss", "mode": "min"}
    spec = SearchSpec.model_validate({"parameters": parameters, "objective": objective, **search})
    trials = tuple(
        TrialView(f"EXP-{n:03d}", n, None, "complete", dict(own), dict(own), dict(metrics))
        for n, (own, metrics) in enumerate(lines, 1)
    )
    return Run("made", Path("made"), spec, (*trials, *others))
