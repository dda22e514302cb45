"""What a device can do at best: matrix products, copies of its memory, and empty launches.

Other benchmarks' times are to be read against these.

`python -m benchmarks.rates --device cuda`, from the repository's root.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.device import device as describe_device
from benchmarks.rows import JSON, tell

REPEATS = 10


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """Flops a second of the best of some square matrix products."""
    n = 8192 if device == "cuda" else 2048
    a = torch.randn(n, n, dtype=dtype, device=device)
    return 2 * n**3 / _best(lambda: a @ a, device)


def copy_rate(device: str) -> float:
    """Bytes a second, read and written, of the best of some copies that no cache holds."""
    size = 2**32 if device == "cuda" else 2**28
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / _best(lambda: target.copy_(source), device)


def launch_seconds(device: str) -> float:
    """Seconds of the smallest operation, of many in a row."""
    count, x = 1000, torch.zeros(1, device=device)
    return _best(lambda: [x.add_(1) for _ in range(count)], device) / count


def _best(work: Callable[[], Any], device: str) -> float:
    return min(_seconds(work, device) for _ in range(REPEATS))


def _seconds(work: Callable[[], Any], device: str) -> float:
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def measure(device: str) -> Iterator[JSON]:
    """A row a rate."""
    for dtype in (torch.bfloat16, torch.float32):
        rate = matmul_rate(device, dtype)
        yield {"what": f"matmul {dtype}".replace("torch.", ""), "tflops": round(rate / 1e12, 3)}
    yield {"what": "copy", "gb_per_s": round(copy_rate(device) / 1e9, 1)}
    yield {"what": "launch", "us": round(launch_seconds(device) * 1e6, 2)}


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    tell(measure(options.device), {"device": describe_device()}, options.json)


if __name__ == "__main__":
    main()
