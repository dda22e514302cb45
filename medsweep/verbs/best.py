"""`medsweep best`: the chosen configuration, and its adapter for shipping."""

from pathlib import Path
from typing import Annotated

import typer

from medsweep.options import RunFolder


def command(
    run: RunFolder,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="DIR", help="Copy the adapter and a model card there."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Export the base model with the adapter merged in.")
    ] = False,
    final: Annotated[
        bool,
        typer.Option(
            "--final",
            help="Open the sealed test rows, once: the choice with all its seeds, and baselines.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="With --final: although they were opened before.")
    ] = False,
    merge_onto: Annotated[
        str,
        typer.Option(
            help="base (unquantized), or dequantized: the base that the trial was trained on."
        ),
    ] = "base",
) -> int:
    """Show the best configuration and why it was chosen; export it."""
    from analysis.best import write_best
    from analysis.decision import decided
    from analysis.export import export_best
    from analysis.measured_weights import FILE, read_measured
    from analysis.merging import Onto
    from analysis.selection import criteria
    from medsweep.tables import print_best, print_passage
    from medsweep.terminal import Terminal

    if merge_onto not in ("base", "dequantized"):
        raise typer.BadParameter(f"{merge_onto!r} is neither base nor dequantized")
    if again and not final:
        raise typer.BadParameter("--again is of --final: give both")
    console = Terminal()
    decision = decided(run)
    best = write_best(decision)
    if best is None:
        console.print(decision.why_none)
        return 1
    print_best(console, best)
    if final or (export is not None and merge):
        from sweeps.quiet import quiet_libraries

        quiet_libraries()
    if final:
        from analysis.final_test import open_test
        from analysis.report import write_report
        from analysis.report.sealed_test import sealed_test_passage

        try:
            open_test(decision, again, lambda line: console.print(line, markup=False))
        finally:  # also where it was opened before: what is on record is no secret any more
            passage = sealed_test_passage(decision.run, decision.best)
            if passage is not None:
                print_passage(console, passage)
        write_report([decision])
    if export is not None:
        onto: Onto = "dequantized" if merge_onto == "dequantized" else "base"
        console.print(f"Exported to {export_best(decision, export, merge, onto)}")
        if (export / FILE).is_file():
            sought = [c.metric for c in criteria(decision.run.search)]
            console.print(read_measured(export, sought), markup=False)
    return 0
