"""The specs that come with medsweep: `sweeps/presets/*.yaml`, by name."""

from pathlib import Path

FOLDER = Path(__file__).parent


def presets() -> dict[str, Path]:
    """The file of every preset, by name, in alphabetical order."""
    return {file.stem: file for file in sorted(FOLDER.glob("*.yaml"))}


def description(name: str) -> str:
    """One line on a preset: the first comment of its file."""
    lines = presets()[name].read_text(encoding="utf-8").splitlines()
    comments = (line.removeprefix("#").strip() for line in lines if line.startswith("#"))
    return next(comments, "")
