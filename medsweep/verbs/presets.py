"""`medsweep presets`: the specs that come with medsweep."""


def command() -> None:
    """List the presets."""
    from rich.table import Table

    from medsweep.terminal import Terminal
    from sweeps.presets.find import description, presets

    table = Table("preset", "what it is", box=None, header_style="bold")
    for name in presets():
        table.add_row(name, description(name))
    console = Terminal()
    console.print(table)
    console.print("\nRun one with [bold]medsweep run NAME[/], or write it to a file to change it")
    console.print("with [bold]medsweep init NAME[/].")
