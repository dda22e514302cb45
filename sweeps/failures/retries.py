"""A trial whose worker died goes on in another one, from its last checkpoint, so many times.

One that raised does not: it would raise again.
"""

from trainables.saved import Checkpoint


def goes_on(deaths: int, retries: int) -> bool:
    """Whether a trial that has now died `deaths` times (from 1) is run again: `limits.retries`."""
    return deaths <= retries


def last_words(deaths: int, message: str) -> str:
    """What its record says of a trial that is not run again; `message`: of its last death."""
    times = f" {deaths} times" if deaths > 1 else ""
    return f"its worker died{times}: {message}"


def follows(message: str, checkpoint: Checkpoint | None) -> str:
    """What is said of a death after which the trial goes on."""
    step = checkpoint.step if checkpoint else 0
    how = f"it goes on from step {step}" if step else "it begins again"
    return f"its worker died: {message}; {how} in another process"
