"""What becomes of a trial that raised: its state, what its record says, and whether the process
that it ran in can go on."""

import traceback
from typing import NamedTuple

from sweeps.failures.hangs import HungError
from sweeps.failures.out_of_memory import NAME, out_of_memory
from sweeps.run_folder.entry import State
from trainables.errors import InputError
from trainables.saved import Diverged, TrialFailed


class Failure(NamedTuple):
    """A trial that raised: a line for tables, the traceback, whether the process is spoilt (then
    the trial has died with it), the state that its record gets, and whether that death counts
    against `limits.retries`; whether the training diverged, for its configuration; whether it is of
    what the spec or its data say."""

    message: str
    traceback: str
    poisoned: bool
    state: State = "failed"
    counts: bool = True
    diverged: bool = False
    of_input: bool = False


def failure(error: BaseException) -> Failure:
    """What to say of an exception that a trial raised."""
    text = "".join(traceback.format_exception(error))
    if isinstance(error, TrialFailed | InputError):
        of_input = isinstance(error, InputError)
        return Failure(
            str(error), text, poisoned=False, diverged=diverged(error), of_input=of_input
        )
    if isinstance(error, HungError):
        return Failure(str(error), text, poisoned=True, counts=error.to_blame)
    name = type(error).__name__
    # after a CUDA error other than out-of-memory nothing more works in the process
    poisoned = "CUDA" in str(error) and name != NAME
    state: State = "infeasible" if out_of_memory(error) else "failed"
    return Failure(f"{name}: {error}".strip(), text, poisoned, state)


def diverged(error: BaseException) -> bool:
    """Whether the training itself went wrong: what samplers that learn take as a bad result."""
    return isinstance(error, Diverged)
