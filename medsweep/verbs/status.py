"""`medsweep status`: where a run stands, from its folder alone."""

from medsweep.options import RunFolder


def command(run: RunFolder) -> None:
    """Show a run's trials and whether it is running."""
    from analysis.runs import load_run
    from analysis.wording import plural
    from medsweep.confirming import confirmation_told
    from medsweep.tables import print_changes, trial_table
    from medsweep.terminal import Terminal
    from sweeps.run_folder.run_lock import is_running

    found = load_run(run)
    console = Terminal()
    console.print(trial_table(found))
    print_changes(console, found)
    planned = found.search.trainings
    counts: dict[str, int] = {}
    for trial in found.trials:
        counts[trial.state] = counts.get(trial.state, 0) + 1
    done = ", ".join(f"{n} {state}" for state, n in counts.items()) or "none started"
    console.print(f"{len(found.trials)} of {plural(planned, 'trial')} suggested: {done}.")
    over = len(found.trials) >= planned and "unfinished" not in counts
    standing = confirmation_told(run)
    if standing:
        console.print(standing)
    over = over and "left" not in standing
    if is_running(run):
        console.print("The sweep is running.")
    elif not over:
        console.print(f"The sweep is not running. Go on with: medsweep resume {run}")
