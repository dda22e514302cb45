"""Python modules of the user's own, beside a spec, as they travel to other machines."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SHIPPED = "own_modules"  # their folder in the working directory of a process elsewhere


class OwnModules(NamedTuple):
    """A folder of modules, and the environment by which processes elsewhere find its copy, which is
    SHIPPED in their working directory."""

    folder: Path
    environment: Mapping[str, str]


def copy_modules(folder: Path, target: Path) -> None:
    """Copy all Python files at the top of a folder and in its packages, and nothing else: data,
    which may be private, stay where they are."""
    target.mkdir(parents=True)
    for file in _modules(folder):
        place = target / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def _modules(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*.py")
    for package in folder.glob("*/__init__.py"):
        yield from package.parent.rglob("*.py")
