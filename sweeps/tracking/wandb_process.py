"""The process that talks to W&B: reads events as lines of JSON, and ends within a bounded time.

Uses wandb's runs and its sweep registration only. Its local controller and its sweep scheduler
import a top-level module named `sweeps`, which is ours: neither is ever imported here.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from sweeps.tracking.wandb_runs import WandbRuns

INTERRUPTED_SECONDS = 30.0  # to upload what there is when the driver was killed
TEARDOWN_SECONDS = 5.0


def main() -> None:
    """Serve standard input until `close`, or until the driver is gone; then end, come what may."""
    report = _reporter()
    runs = WandbRuns(report)
    asked = serve(sys.stdin, runs, report)
    # asked to close: the driver decides how long to wait, and kills this process after that
    runs.close(None if asked else INTERRUPTED_SECONDS)
    within(_teardown, TEARDOWN_SECONDS)
    os._exit(0)  # wandb's own exit handlers can wait for a server that does not answer


def serve(lines: IO[str], runs: WandbRuns, report: Callable[[str], None]) -> bool:
    """Handle events until `close` (True) or the end of input (False); failures are told once a
    kind of event."""
    told: set[str] = set()
    for line in lines:
        values: dict[str, Any] = json.loads(line)
        event = values.pop("event")
        if event == "close":
            return True
        try:
            getattr(runs, event)(**values)
        except Exception as problem:
            if event not in told:
                told.add(event)
                report(
                    f"W&B: {event} failed ({type(problem).__name__}: {problem}); the run folder "
                    "holds everything"
                )
    return False


def within(work: Callable[[], None], seconds: float | None) -> bool:
    """Do the work in a thread; False when it has not ended in time (it is then left)."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def _teardown() -> None:
    import wandb

    wandb.teardown()


def _reporter() -> Callable[[str], None]:
    """Writes lines for the user to standard output, which wandb itself gets no hold of."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def report(message: str) -> None:
        try:
            channel.write(message.replace("\n", " ") + "\n")
        except OSError:  # the driver is gone; nobody listens
            return

    return report


if __name__ == "__main__":
    main()
