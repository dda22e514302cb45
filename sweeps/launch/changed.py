"""What a resume changes of a run's spec."""

import math

from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec


def extended(spec: SweepSpec, num_trials: int) -> SweepSpec:
    """To so many trials in all. SpecError where that is fewer."""
    if num_trials < spec.search.num_trials:
        message = f"is less than the run's {spec.search.num_trials} trials"
        fix = "A sweep can be extended; nothing that ran is taken back"
        raise SpecError([Problem(None, None, "--num-trials", num_trials, message, fix)])
    search = spec.search.model_copy(update={"num_trials": num_trials})
    return spec.model_copy(update={"search": search})


def limited(spec: SweepSpec, disk_gb: float) -> SweepSpec:
    """To so much of the disk. SpecError where it is no number."""
    if not math.isfinite(disk_gb):  # a comparison with NaN would let everything pass
        message, fix = "must be a finite number", "Write the gigabytes that the run folder may take"
        raise SpecError([Problem(None, None, "--disk-gb", disk_gb, message, fix)])
    limits = spec.limits.model_copy(update={"disk_gb": disk_gb})
    return spec.model_copy(update={"limits": limits})
