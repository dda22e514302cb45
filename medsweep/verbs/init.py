"""`medsweep init`: a spec of your own, from a preset."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    preset: Annotated[str, typer.Argument(help="The preset to start from.")] = "demo",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")
    ] = None,
) -> None:
    """Write a preset's spec to a file, to be changed."""
    from sweeps.presets.find import presets
    from sweeps.reading.loading import find_source
    from sweeps.spec.errors import Problem, SpecError

    source = presets().get(preset) or find_source(preset)
    file = output or Path(f"{preset}.yaml")
    if file.exists():
        fix = "Choose another file with -o, or move this one away"
        raise SpecError([Problem(None, None, "FILE", str(file), "exists already", fix)])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(f"Wrote {file}. Next: medsweep plan {file}")
