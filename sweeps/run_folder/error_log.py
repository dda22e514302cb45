"""What a trial's errors say at length: errors.log in the trial's folder, for whoever looks for the
cause. Terminal, tables and record have the line that matters."""

from pathlib import Path

from sweeps.run_folder.record import now

NAME = "errors.log"


def note_error(folder: Path, line: str, detail: str) -> Path | None:
    """Add an error, in a line and at length (a traceback), behind the trial's earlier ones. The
    file; None where there is nothing to add, or no room on the disk: the trial's end matters more.
    """
    if not detail.strip():
        return None
    file = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(f"{now()}  {line}\n\n{detail.strip()}\n\n")
    except OSError:
        return None
    return file


def at_length(folder: Path) -> str:
    """Where a trial's errors stand at length, behind a line that has them short; "" without any."""
    file = folder / NAME
    return f"; at length in {file}" if file.is_file() else ""
