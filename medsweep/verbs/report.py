"""`medsweep report`: the report of one run, or of several beside each other."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run folders.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The HTML file to write.")
    ] = None,
) -> None:
    """Write the report (HTML and Markdown)."""
    from analysis.best import write_best
    from analysis.decision import decided
    from analysis.report import write_report
    from analysis.tables import write_trials_csv
    from medsweep.terminal import say
    from sweeps.run_folder.atomic import where_writable

    decisions = [decided(run) for run in runs]
    for decision in decisions:
        with where_writable():  # else the report alone, elsewhere
            write_trials_csv(decision.run)
        write_best(decision)
    for path in write_report(decisions, output):
        say(str(path))
