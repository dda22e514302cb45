"""`medsweep doctor`: what this machine has and lacks."""

from pathlib import Path
from typing import Annotated

import typer


def _mark(ok: bool | None) -> str:
    if ok is None:
        return "[yellow]note[/]"
    return "[green]ok[/]" if ok else "[red]mend[/]"


def command(
    deep: Annotated[bool, typer.Option("--deep", help="Also start Ray once.")] = False,
    output: Annotated[Path, typer.Option(help="Where run folders would be written.")] = Path(
        "runs"
    ),
) -> int:
    """Check this machine: versions, devices, disk, network, keys (never printed)."""
    from rich.markup import escape
    from rich.table import Table

    from cluster.doctor import checks
    from medsweep.terminal import Terminal
    from trainables.cache import cache_dir

    pins = Path(__file__).parents[2] / "constraints.txt"
    table = Table("", "check", "what", "fix", box=None, header_style="bold")
    found = checks(cache_dir(), output, pins if pins.is_file() else None, deep)
    for check in found:
        table.add_row(_mark(check.ok), check.name, escape(check.detail), escape(check.fix))
    Terminal().print(table)
    return 1 if any(check.ok is False for check in found) else 0
