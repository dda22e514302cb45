"""Checks that may hang, crash or load much: each in a process of its own, with a time limit."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TORCH = """
import torch
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
print(torch.__version__, "|", torch.version.cuda or "no CUDA", "|", ", ".join(names))
"""

# one NF4 layer forward and backward, after an evaluation-mode forward: the order in which a CPU
# with AVX512-BF16 loses its gradients unless the repacking is turned off
BITSANDBYTES = """
import torch, bitsandbytes as bnb
device = "cuda" if torch.cuda.is_available() else "cpu"
layer = bnb.nn.Linear4bit(64, 64, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4")
layer = layer.to(device)
if device == "cpu":
    layer.support_avx512bf16_for_cpu = False
row = torch.ones(1, 64, dtype=torch.bfloat16, device=device)
layer.eval()(row)
row.requires_grad_(True)
layer.train()(row).float().sum().backward()
assert row.grad is not None and float(row.grad.abs().sum()) > 0, "no gradient passes through NF4"
print(bnb.__version__, "| trains NF4 on", device)
"""

RAY = """
import time
from cluster.config import ClusterConfig
from cluster.targets import connect
started = time.monotonic()
session = connect(ClusterConfig(), [])
import ray
assert ray.get(ray.remote(lambda: 6 * 7).remote(), timeout=60) == 42
print(f"started and ran a task in {time.monotonic() - started:.1f} s")
session.close()
"""


@dataclass(frozen=True)
class ProbeOutcome:
    """`text`: what the probe printed, or the last line of its complaint."""

    ok: bool
    text: str


def run_probe(code: str, seconds: float) -> ProbeOutcome:
    """Run Python code in a fresh interpreter, for so many seconds at most."""
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and our own code)
            [sys.executable, "-c", code],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ProbeOutcome(False, f"no answer within {seconds:.0f} s")
    if done.returncode == 0:
        return ProbeOutcome(True, done.stdout.strip())
    lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
    return ProbeOutcome(False, lines[-1])


def _environment() -> dict[str, str]:
    """This process's environment; our packages can be imported from any working directory."""
    root = str(Path(__file__).resolve().parents[1])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{before}" if before else root}
