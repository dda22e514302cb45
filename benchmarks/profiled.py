"""Where a step's time goes: torch's profiler over a few steps, told in a few numbers."""

from collections.abc import Callable
from typing import Any

from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from benchmarks.output import JSON
from trainables.throughput.isolated import now

LAUNCHES = ("LaunchKernel", "GraphLaunch")  # parts of the names of CUDA's calls that launch
WAITS = "StreamSynchronize"
TOP = 15


def profiled(step: Callable[[], Any], warm: int, steps: int, on_gpu: bool) -> JSON:
    """A step's operations that take longest (on a GPU its kernels, else the CPU's own operations),
    how many it launches, and how often it waits for the device; after `warm` others. Printed too.

    `busy` is the share of the time in which the device had work, with the profiler's own cost.
    """
    for _ in range(warm):
        step()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as found:
        began = now()
        for _ in range(steps):
            step()
        wall = now() - began
    events = found.key_averages()
    wanted = DeviceType.CUDA if on_gpu else DeviceType.CPU
    own = [
        (e.key, e.count, _seconds(e, on_gpu))
        for e in events
        if e.device_type == wanted and not e.is_user_annotation  # they hold kernels that count too
    ]
    working = sum(seconds for _, _, seconds in own)
    calls = [(e.key, e.count) for e in events if e.device_type == DeviceType.CPU]
    counted = [n for key, n in calls if not on_gpu or any(part in key for part in LAUNCHES)]
    told = {
        "step_ms": round(wall / steps * 1e3, 3),
        "busy": round(working / wall, 3),
        "launches": round(sum(counted) / steps, 1),
        "waits": round(sum(n for key, n in calls if WAITS in key) / steps, 1),
        "top": [
            {"name": key[:100], "calls": round(n / steps, 1), "ms": round(s / steps * 1e3, 4)}
            for key, n, s in sorted(own, key=lambda event: -event[2])[:TOP]
        ],
    }
    print("  ".join(f"{name}={value}" for name, value in told.items() if name != "top"))
    for row in told["top"]:
        print(f"  {row['ms']:>10.3f} ms  {row['calls']:>8.1f} x  {row['name'][:80]}", flush=True)
    return told


def _seconds(event: Any, on_gpu: bool) -> float:
    return float(event.self_device_time_total if on_gpu else event.self_cpu_time_total) / 1e6
