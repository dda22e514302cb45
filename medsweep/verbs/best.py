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
    test: Annotated[
        bool, typer.Option("--test", help="Open the test rows: measure the chosen trial on them.")
    ] = False,
    merge_onto: Annotated[
        str,
        typer.Option(
            help="base (unquantized), or dequantized: the base that the trial was trained on."
        ),
    ] = "base",
) -> int:
    """Show the best configuration and why it was chosen; export it."""
    from rich.console import Console

    from analysis.best import write_best
    from analysis.decision import decided
    from analysis.export import export_best
    from analysis.measured_weights import FILE, read_measured
    from analysis.merging import Onto
    from analysis.selection import criteria
    from medsweep.tables import print_best, print_test

    if merge_onto not in ("base", "dequantized"):
        raise typer.BadParameter(f"{merge_onto!r} is neither base nor dequantized")
    console = Console(highlight=False, emoji=False)
    decision = decided(run)
    best = write_best(decision)
    if best is None:
        console.print(decision.why_none)
        return 1
    print_best(console, best)
    if test:
        from analysis.sealed_test import measure_test, told
        from sweeps.quiet import quiet_libraries

        quiet_libraries()
        found = measure_test(decision.run, best["trial"])
        print_test(console, found)
        console.print(told(found), markup=False)
    if export is not None:
        onto: Onto = "dequantized" if merge_onto == "dequantized" else "base"
        console.print(f"Exported to {export_best(decision, export, merge, onto)}")
        if (export / FILE).is_file():
            sought = [c.metric for c in criteria(decision.run.search)]
            console.print(read_measured(export, sought), markup=False)
    return 0
