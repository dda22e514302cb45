"""Whether what the base model's measurement failed for would end every trial of the sweep."""

from collections.abc import Collection
from pathlib import Path

from search_spaces.distributions import Distribution, Simplex
from search_spaces.space import Space
from sweeps.failures.raised import Failure
from sweeps.failures.sweep_error import SweepError
from sweeps.run_folder.entry import Entry
from trainables.kinds import MEASURED_BY

# of one training: what trials may differ in and still need the very same measurement. What is not
# known to be so is taken to ask for another, which may well succeed
SAME = ("lora", "training", "start", "name")
OTHER = {
    *("max_length", "regularizer"),
    *(name for names in MEASURED_BY.values() for name in names),
}


def of_all_trials(entry: Entry, failure: Failure, bases: Collection[str], space: Space) -> bool:
    """Whether the failure is of what the spec or its data say, and every trial shares it: there is
    one base model measurement, and nothing that is searched can ask for another."""
    if not entry.is_base or not failure.of_input or set(bases) != {entry.trial}:
        return False
    return all(_needs_the_same(path, values) for path, values in space.parameters.items())


def ended_by(failure: Failure, folder: Path, failed: bool) -> SweepError:
    """What ends the sweep; nothing is recorded of the base model, so that a resume measures it
    again. `failed`: trials have failed meanwhile."""
    again = " --retry-failed" if failed else ""
    return SweepError(
        f"the base model cannot be measured, and for the same reason no trial: {failure.message}\n"
        f"Mend it, then go on with: medsweep resume {folder}{again}\n"
        "Where the spec itself has to change, begin again with another name or --output."
    )


def _needs_the_same(path: str, values: Distribution) -> bool:
    parts = path.split(".")
    inner = parts[2:] if parts[0] == "stages" else parts
    if inner[:2] == ["reward", "weights"]:  # a reward without a weight is not asked
        return isinstance(values, Simplex) or (len(inner) > 2 and not _may_be_0(values))
    return bool(inner) and inner[0] in SAME and inner != ["training"] and not OTHER & set(inner)


def _may_be_0(values: Distribution) -> bool:
    return values.size() is not None and values.contains(0)
