"""What the person reads when something is wrong, and the exit code that goes with it."""

import os
import traceback

BAD_INPUT, NOTHING_SUCCEEDED = 2, 1


def explain(error: Exception) -> int:
    """Print an error for the person who can mend it; a traceback only where it is our bug."""
    from analysis.ratings.errors import RatingError
    from medsweep.terminal import Terminal
    from sweeps.failures.sweep_error import SweepError
    from trainables.saved import TrialFailed

    console = Terminal(stderr=True, soft_wrap=True)
    lines = _input_lines(error)
    if lines:
        for line in lines:
            console.print(f"[bold red]error[/] {_escaped(line)}")
        if len(lines) > 1:
            what = "written" if isinstance(error, RatingError) else "started"
            console.print(f"{len(lines)} problems; nothing was {what}.")
        return BAD_INPUT
    if isinstance(error, SweepError | TrialFailed):  # of `medsweep trial`: a loss that is NaN, say
        console.print(f"[bold red]error[/] {_escaped(str(error))}")
        return NOTHING_SUCCEEDED
    console.print(_escaped("".join(traceback.format_exception(error))))
    console.print("This is a bug in medsweep: please report it with the lines above.")
    return NOTHING_SUCCEEDED


def _input_lines(error: Exception) -> list[str]:
    from analysis.export import ExportError
    from analysis.files import RunError
    from analysis.ratings.errors import RatingError
    from cluster.errors import ClusterError
    from sweeps.spec.errors import SpecError
    from trainables.errors import InputError

    if isinstance(error, SpecError | RatingError):
        return [str(problem) for problem in error.problems]
    if isinstance(error, ClusterError | InputError | RunError | ExportError):
        return [str(error)]
    if isinstance(error, OSError) and error.errno is not None:
        return [f"{error.filename or 'output'}: {os.strerror(error.errno)}"]
    return []


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
