"""What a run held fixed in measuring its trials, while it searched how they train."""

from pydantic import ValidationError

from analysis.runs import Run
from sweeps.spec.held import held_fixed
from sweeps.spec.sections import SweepSpec
from trainables.errors import InputError


def held_in(run: Run) -> list[str]:
    """A sentence each; [] where nothing was, or the trial section is of another version."""
    try:
        spec = SweepSpec.model_validate({"name": "run", "trial": run.trial, "search": run.search})
    except (ValidationError, InputError):
        return []
    return held_fixed(spec)
