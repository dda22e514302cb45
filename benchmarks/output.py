"""What the benchmarks' commands share: options, what they ran on, and results as they come."""

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from sweeps.run_folder.atomic import write_text

JSON = dict[str, Any]
WANTED = ("python", "cpu", "cpus", "memory_gb", "devices", "packages")


def command(doc: str | None, devices: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The options of a benchmark with this docstring: `--json`, and `--device` where it has one
    (the first is the default)."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    if devices:
        parser.add_argument("--device", choices=devices, default=devices[0])
    parser.add_argument("--json", type=Path, help="write the result here")
    return parser


def device() -> JSON:
    """Processor, cores, memory, GPUs and versions, without the machine's name."""
    from sweeps.run_folder.environment import describe_environment

    return {name: value for name, value in describe_environment().items() if name in WANTED}


def peak_gb(where: str) -> float:
    """Peak memory since this was asked last, in 1e9 bytes (GPU); resident memory now (CPU)."""
    if where == "cuda":
        peak = torch.cuda.max_memory_allocated() / 1e9
        torch.cuda.reset_peak_memory_stats()
        return peak
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def write(path: Path | None, found: Any, indent: int | None = 1) -> None:
    """Write a result to the file that `--json` named, if any; whole or not at all."""
    if path:
        write_text(path, json.dumps(found, indent=indent) + "\n")


def tell(rows: Iterable[JSON], about: JSON, path: Path | None) -> list[JSON]:
    """Print each row as it comes, and write all so far, each with `about`, to the file."""
    told: list[JSON] = []
    for row in rows:
        plain = {name: value for name, value in row.items() if not isinstance(value, dict)}
        print("  ".join(f"{name}={value}" for name, value in plain.items()), flush=True)
        told.append({**row, **about})
        write(path, told)
    return told


def show(rows: Sequence[JSON], title: str, columns: Sequence[str] = ()) -> None:
    """Print these columns of the rows as a table; all of the first row's where none are named."""
    from rich.console import Console
    from rich.table import Table

    names = list(columns or rows[0])
    table = Table(*names, title=title)
    for row in rows:
        table.add_row(*(str(row[name]) for name in names))
    Console(width=140, highlight=False).print(table)
