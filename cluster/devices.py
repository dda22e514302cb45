"""What this machine has: GPUs, CPU cores and memory, found without importing torch or Ray."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

SMI_SECONDS = 10.0  # a driver that is being reset can leave nvidia-smi hanging
SMI_QUERY = "index,uuid,name,memory.total,memory.free"
CGROUP = Path("/sys/fs/cgroup")
MIB = 2**20


@dataclass(frozen=True)
class Device:
    """A GPU. `index` is nvidia-smi's; `memory` and `free` are bytes."""

    index: int
    uuid: str
    name: str
    memory: int
    free: int


def local_devices() -> list[Device]:
    """The GPUs that a process started here may use; none when there is no NVIDIA driver."""
    command = ["nvidia-smi", f"--query-gpu={SMI_QUERY}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command)
            command, capture_output=True, text=True, timeout=SMI_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode != 0:
        return []
    return visible(parse_devices(done.stdout), os.environ.get("CUDA_VISIBLE_DEVICES"))


def parse_devices(table: str) -> list[Device]:
    """Devices from nvidia-smi's CSV with the columns of SMI_QUERY (memory in MiB).

    A GPU whose memory is not a number ("[N/A]": unified memory) is left out: nothing can be
    planned on it.
    """
    rows = [[cell.strip() for cell in line.split(",")] for line in table.splitlines()]
    return [
        Device(int(row[0]), row[1], row[2], int(row[3]) * MIB, int(row[4]) * MIB)
        for row in rows
        if len(row) == 5 and all(row[i].isdigit() for i in (0, 3, 4))
    ]


def visible(devices: list[Device], wanted: str | None) -> list[Device]:
    """The devices that CUDA_VISIBLE_DEVICES leaves: indices or UUID prefixes, in its order.

    As CUDA does, reading ends at the first entry that names no device; unset means all.
    """
    if wanted is None:
        return devices
    chosen: list[Device] = []
    for entry in (part.strip() for part in wanted.split(",")):
        found = [d for d in devices if entry and _named(d, entry)]
        if len(found) != 1 or found[0] in chosen:
            break
        chosen.append(found[0])
    return chosen


def _named(device: Device, entry: str) -> bool:
    return str(device.index) == entry if entry.isdigit() else device.uuid.startswith(entry)


def cpu_count(cgroup: Path = CGROUP) -> int:
    """Cores this process may use: CPU affinity and the cgroup's quota, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, int(_cpu_quota(cgroup))))


def device_name() -> str:
    """What trials of this process run on: the first GPU's name, or the CPU's and its cores."""
    devices = local_devices()
    return devices[0].name if devices else f"{cpu_name()}, {cpu_count()} cores"


def cpu_name() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def memory_bytes(cgroup: Path = CGROUP) -> int:
    """Bytes of memory this process may use: the machine's, or the cgroup's limit if smaller."""
    import psutil

    limits = [_number(cgroup / "memory.max"), _number(cgroup / "memory/memory.limit_in_bytes")]
    return min(int(psutil.virtual_memory().total), *(limit or 2**63 for limit in limits))


def _cpu_quota(cgroup: Path) -> float:
    """Cores the cgroup (version 2, then 1) allows; a large number where there is no limit."""
    quota, _, period = _text(cgroup / "cpu.max").partition(" ")
    if not quota:
        quota = _text(cgroup / "cpu/cpu.cfs_quota_us")
        period = _text(cgroup / "cpu/cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(period) > 0:
        return int(quota) / int(period)
    return float(2**16)  # "max", "-1" or no cgroup


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
