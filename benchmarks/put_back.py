"""Giving a base model back after all its weights were trained: from a copy kept aside, or loaded
from the disk again (its file in the operating system's cache).

Prints seconds of both, the median of `--repeat` times, and the bytes kept aside.

`python -m benchmarks.put_back`, from the repository's root.
"""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.output import command, device, write
from benchmarks.shapes import SMOLLM2
from trainables.models import load as loading
from trainables.models.config import ModelConfig
from trainables.models.load import Base, load_base
from trainables.models.whole import all_weights


def measure(config: ModelConfig, where: str, repeat: int) -> dict[str, Any]:
    """Seconds to put the base back from the copy, and to load it anew."""
    base = load_base(config, where)
    own = sum(p.nbytes for p in base.model.parameters())
    kept = [_leave(base) for _ in range(repeat)]
    loaded = [_seconds(lambda: _anew(config, where)) for _ in range(repeat)]
    return {
        "dtype": str(base.dtype),
        "base_bytes": own,
        "put_back_s": round(statistics.median(kept), 4),
        "load_again_s": round(statistics.median(loaded), 4),
    }


def _leave(base: Base) -> float:
    opened = all_weights(base)
    opened.__enter__()
    return _seconds(lambda: opened.__exit__(None, None, None))


def _anew(config: ModelConfig, where: str) -> None:
    loading._warm.clear()
    gc.unfreeze()  # as where another base was loaded last
    gc.collect()
    load_base(config, where)


def _seconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = command(__doc__, ("cpu", "cuda:0"))
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    config = ModelConfig(name_or_path=options.model, dtype=options.dtype)
    found = measure(config, options.device, options.repeat)
    print("  ".join(f"{name}={value}" for name, value in found.items()))
    write(options.json, {**found, "device": device()})


if __name__ == "__main__":
    main()
