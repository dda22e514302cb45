"""What a device can do at best: matrix products, copies of its memory, and empty launches.

Other benchmarks' times are to be read against these.

`python -m benchmarks.rates --device cuda`, from the repository's root.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.output import JSON, command, device, tell

REPEATS = 10


def matmul_rate(where: str, dtype: torch.dtype) -> float:
    """Flops a second of the best of some square matrix products."""
    n = 8192 if where == "cuda" else 2048
    a = torch.randn(n, n, dtype=dtype, device=where)
    return 2 * n**3 / _best(lambda: a @ a, where)


def copy_rate(where: str) -> float:
    """Bytes a second, read and written, of the best of some copies that no cache holds."""
    size = 2**32 if where == "cuda" else 2**28
    source = torch.ones(size, dtype=torch.uint8, device=where)
    target = torch.empty_like(source)
    return 2 * size / _best(lambda: target.copy_(source), where)


def launch_seconds(where: str) -> float:
    """Seconds of the smallest operation, of many in a row."""
    count, x = 1000, torch.zeros(1, device=where)
    return _best(lambda: [x.add_(1) for _ in range(count)], where) / count


def _best(work: Callable[[], Any], where: str) -> float:
    return min(_seconds(work, where) for _ in range(REPEATS))


def _seconds(work: Callable[[], Any], where: str) -> float:
    began = time.perf_counter()
    work()
    if where == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def measure(where: str) -> Iterator[JSON]:
    """A row a rate."""
    for dtype in (torch.bfloat16, torch.float32):
        rate = matmul_rate(where, dtype)
        yield {"what": f"matmul {dtype}".replace("torch.", ""), "tflops": round(rate / 1e12, 3)}
    yield {"what": "copy", "gb_per_s": round(copy_rate(where) / 1e9, 1)}
    yield {"what": "launch", "us": round(launch_seconds(where) * 1e6, 2)}


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = command(__doc__, ("cpu", "cuda"))
    options = parser.parse_args()
    tell(measure(options.device), {"device": device()}, options.json)


if __name__ == "__main__":
    main()
