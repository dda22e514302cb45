"""What a benchmark ran on, and the memory it took there."""

import os
from pathlib import Path
from typing import Any

import torch

WANTED = ("python", "cpu", "cpus", "memory_gb", "devices", "packages")


def device() -> dict[str, Any]:
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
