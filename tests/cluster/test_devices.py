"""What the machine has, from nvidia-smi's table and the cgroup's files."""

import os
import stat
import sys
from pathlib import Path

import psutil
import pytest

from cluster.devices import cpu_count, local_devices, memory_bytes, parse_devices, visible

TABLE = """\
0, GPU-aaaa-1, NVIDIA GeForce RTX 3090, 24576, 24001
1, GPU-bbbb-2, NVIDIA GeForce RTX 3090, 24576, 12
2, GPU-cccc-3, NVIDIA GB10, [N/A], [N/A]
"""


def test_the_table_of_nvidia_smi() -> None:
    first, second = parse_devices(TABLE)
    assert (first.index, first.name, first.uuid) == (0, "NVIDIA GeForce RTX 3090", "GPU-aaaa-1")
    assert first.memory == 24 * 2**30
    assert second.free == 12 * 2**20
    assert parse_devices("No devices were found\n") == []


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        (None, [0, 1]),
        ("", []),
        ("1", [1]),
        ("1,0", [1, 0]),
        ("1,-1,0", [1]),
        ("7,0", []),
        ("GPU-bb", [1]),
        ("0,0", [0]),
        ("NoDevFiles", []),
    ],
)
def test_cuda_visible_devices(wanted: str | None, indices: list[int]) -> None:
    assert [d.index for d in visible(parse_devices(TABLE), wanted)] == indices


def _fake_smi(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_machine_with_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_smi(tmp_path, f"cat <<'END'\n{TABLE}END", monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [d.index for d in local_devices()] == [1]


@pytest.mark.parametrize("body", ["exit 9", "exec sleep 5"])
def test_a_broken_driver_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr("cluster.devices.SMI_SECONDS", 0.3)
    _fake_smi(tmp_path, body, monkeypatch)
    assert local_devices() == []


def test_no_driver_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert local_devices() == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "150000 100000"}, 1),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({}, 8),
    ],
)
def test_cores_under_a_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert cpu_count(tmp_path) == expected


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_memory_under_a_limit(tmp_path: Path, name: str) -> None:
    whole = psutil.virtual_memory().total
    assert memory_bytes(tmp_path) == whole
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("1048576\n")
    assert memory_bytes(tmp_path) == 2**20


def test_planning_imports_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys, cluster.devices, cluster.placement, cluster.targets, cluster.doctor\n"
        "cluster.devices.local_devices(); cluster.devices.cpu_count()\n"
        "bad = {'torch', 'ray', 'bitsandbytes'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
