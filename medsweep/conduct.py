"""Around a sweep on the command line: the view, Ctrl-C, and what follows the last trial."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cluster.scratch import temporary_files
from medsweep.view import SweepView
from sweeps.failures.disk_full import told
from sweeps.launch.stop_signal import as_ctrl_c, deaf
from sweeps.quiet import quiet_warnings
from sweeps.spec.sections import SweepSpec

INTERRUPTED = 130


@contextmanager
def screen(spec: SweepSpec, folder: Path) -> Iterator[SweepView]:
    """The live view of a sweep, closed whatever happens."""
    quiet_warnings()
    logging.getLogger("sweeps").setLevel(logging.ERROR)
    view = SweepView(spec, folder)
    try:
        yield view
    finally:
        view.stop()


def conduct(folder: Path, view: SweepView, work: Callable[[], object]) -> int:
    """Do the work, then write tables, the choice and the report; returns the exit code."""
    as_ctrl_c()
    try:
        with temporary_files():
            work()
    except KeyboardInterrupt:
        deaf()
        view.stop()
        return _interrupted(folder, view)
    view.stop()
    with told(folder):
        return conclude(folder, view)


def conclude(folder: Path, view: SweepView) -> int:
    """Write what analysis makes of the run folder, and say it; 1 where no trial succeeded."""
    from analysis.best import write_best
    from analysis.cautions import unfit
    from analysis.decision import decided
    from analysis.report import write_report
    from analysis.study import write_study_db
    from analysis.tables import write_trials_csv
    from medsweep.tables import print_best, print_changes, trial_table

    decision = decided(folder)
    write_trials_csv(decision.run)
    best = write_best(decision)
    write_study_db(decision.run)
    html, markdown = write_report([decision])
    view.console.print(trial_table(decision.run))
    if best is None:
        print_changes(view.console, decision.run)  # else `print_best` says it
        view.console.print(f"[red]{decision.why_none}[/]")
        view.say(f"Details: {markdown}")
        return 1
    print_best(view.console, best)
    view.say(f"Report: {html}")
    undecided = best["tie"] is not None and best["tie"]["all"]
    if not undecided:  # nothing speaks for one trial rather than another
        first = "Heed the cautions before you ship it" if unfit(decision) else "Ship it"
        view.say(f"{first}: medsweep best {folder} --export DIR")
    return 0


def _interrupted(folder: Path, view: SweepView) -> int:
    from analysis.runs import load_run
    from analysis.tables import write_trials_csv

    if (folder / "spec.resolved.json").is_file():
        with suppress(OSError):  # of a full disk: it follows from the rest
            write_trials_csv(load_run(folder))
        view.say("Interrupted. Everything up to the last checkpoints is kept.")
        view.say(f"Go on with: medsweep resume {folder}")
    else:
        view.say("Interrupted before the sweep began.")
    return INTERRUPTED
