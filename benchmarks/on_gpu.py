"""All that waits for a GPU and needs neither Ray nor a network, in parts of at most 9 minutes each.

Every benchmark is a process of its own and writes `NAME-DEVICE.json` row by row, so that one which
fails, or is stopped since the part's time is over, loses neither the others' rows nor those that it
has told. What failed stands in `failures-partN.txt`, with what it printed to standard error; then
the exit status is 1. A benchmark's share of the time is a guess; what it leaves, the later ones
have.

`python -m benchmarks.on_gpu --out DIR --part 1`, from the repository's root; all parts on the toy
model in a few minutes: `--device cpu --quick`.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cluster.devices import local_devices

TESTS = ("tests/benchmarks/test_graphed.py", "tests/trainables/sft/test_all_weights.py")
TINY, LARGER = "--model tinyllama-1.1b", "--model llama-3.2-3b"
ERROR_LINES = 80  # of standard error that are kept


class Task(NamedTuple):
    """A benchmark: its file's name, its module and options, and its share of the part's time."""

    name: str
    words: str
    share: int

    @property
    def module(self) -> str:
        """What python runs."""
        return self.words.split()[0]


PARTS = {
    1: [
        Task("rates", "benchmarks.rates", 1),
        Task("packing-tinyllama", f"benchmarks.packing {TINY} --tokens 128 512 --profile", 4),
        Task(
            "packing-tinyllama-none",
            f"benchmarks.packing {TINY} --quantization none --tokens 128 512 --profile",
            3,
        ),
        Task("tests", f"pytest -m gpu {' '.join(TESTS)}", 1),
    ],
    2: [
        Task("memory-llama-3b", f"benchmarks.memory_limit {LARGER}", 2),
        Task("memory-llama-7b", "benchmarks.memory_limit --model llama-2-7b", 2),
        Task("packing-llama-3b", f"benchmarks.packing {LARGER} --tokens 512 --k 1 2 4 8", 2),
        Task("packing-tinyllama-sizes", f"benchmarks.packing {TINY} --tokens 64 2048", 3),
    ],
    3: [
        Task("ppo-tinyllama", "benchmarks.ppo --k 4 8 16 --batch 16 --profile", 3),
        Task("ppo-tinyllama-one-epoch", "benchmarks.ppo --k 4 8 16 --batch 16 --epochs 1", 3),
        Task("ppo-tinyllama-none", "benchmarks.ppo --k 4 8 16 --batch 16 --quantization none", 3),
    ],
}
# of options given twice the last one counts
QUICK = {
    "benchmarks.packing": "--model toy --tokens 64 --k 1 2 --rounds 1 --warm 1 --steps 2 --r 4",
    "benchmarks.memory_limit": "--quick",
    "benchmarks.ppo": "--model toy --k 2 --batch 2 --response 4 --epochs 1 --steps 1 --r 4",
}


def command(task: Task, out: Path, device: str, quick: bool) -> list[str]:
    """What runs a task."""
    own = [sys.executable, "-m", *task.words.split()]
    if not task.module.startswith("benchmarks."):
        return own
    file = out / f"{task.name}-{device_slug(device)}.json"
    faster = QUICK.get(task.module, "").split() if quick else []
    return [*own, *faster, "--device", device, "--json", str(file)]


def device_slug(device: str) -> str:
    """The device's name as part of a file's."""
    names = [found.name for found in local_devices()] if device == "cuda" else ["cpu"]
    return "-".join((names or ["gpu"])[0].lower().split())


def run(arguments: Sequence[str], seconds: float) -> str | None:
    """Run a process for so many seconds at most; what went wrong, with its standard error."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        # tests tell their failures on standard output
        out = errors if "pytest" in arguments else None
        process = subprocess.Popen(arguments, stdout=out, stderr=errors, process_group=0)
        try:
            status = process.wait(seconds)
            problem = f"exit status {status}" if status else None
        except subprocess.TimeoutExpired:
            problem = f"stopped after {seconds:.0f} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # its own workers too
                process.wait()
        errors.seek(0)
        last = errors.readlines()[-ERROR_LINES:]
        return "".join([f"{problem}\n", *last]) if problem else None


def run_part(number: int, out: Path, options: argparse.Namespace) -> int:
    """Run a part's tasks one after the other; how many failed or were stopped."""
    end = time.monotonic() + 60 * options.minutes
    tasks, lines, failed = PARTS[number], [], 0
    for place, task in enumerate(tasks):
        left, began = end - time.monotonic(), time.monotonic()
        arguments = command(task, out, options.device, options.quick)
        print(f"== {task.name}: {' '.join(arguments[2:])}", flush=True)
        problem = run(arguments, left * task.share / sum(t.share for t in tasks[place:]))
        if problem:
            failed += 1
            with (out / f"failures-part{number}.txt").open("a") as file:
                file.write(f"== {task.name}: {problem}\n")
        told = problem.splitlines()[0] if problem else "done"
        lines.append(f"part {number}  {task.name:<26} {time.monotonic() - began:>6.1f} s  {told}")
    print("\n".join(lines), flush=True)
    return failed


def main() -> None:
    """Run the parts; exit status 1 where anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--part", type=int, nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=9.0, help="of each part at most")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="the toy model")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    failed = sum(run_part(number, options.out, options) for number in options.part)
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
