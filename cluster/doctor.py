"""Is this machine fit to run sweeps? Each check says what it found and how to mend it."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from cluster.devices import cpu_count, local_devices, memory_bytes
from cluster.probes import BITSANDBYTES, RAY, TORCH, run_probe
from cluster.reach import huggingface, package_index, wandb_key
from cluster.tokens import default_token_path

GIB = 2**30
DISK_GIB, MEMORY_GIB, SHM_GIB, GPU_GIB = 5.0, 4.0, 0.5, 4.0
IMPORT_SECONDS, RAY_SECONDS = 90.0, 120.0


@dataclass(frozen=True)
class Check:
    """`ok`: True fine, False must be mended, None worth knowing. `fix` is empty where fine."""

    name: str
    ok: bool | None
    detail: str
    fix: str = ""


def checks(
    cache: Path, runs: Path, constraints: Path | None = None, deep: bool = False
) -> list[Check]:
    """Every check of this machine; never raises, never prints a secret.

    `cache` and `runs` are where models, data and run folders go; `constraints` the file of pinned
    versions (none: versions are only listed); `deep` also starts Ray.
    """
    todo: list[tuple[str, Callable[[], Check]]] = [
        ("Python", python),
        ("packages", partial(packages, constraints)),
        ("processor", processor),
        ("torch", torch_build),
        ("bitsandbytes", bitsandbytes),
        ("GPU memory", gpu_memory),
        ("memory", memory),
        ("shared memory", shared_memory),
        ("disk for the cache", partial(disk, "disk for the cache", cache)),
        ("disk for runs", partial(disk, "disk for runs", runs)),
        ("Ray authentication", ray_authentication),
        ("package index", lambda: Check("package index", *package_index())),
        ("Hugging Face", lambda: Check("Hugging Face", *huggingface())),
        ("Weights & Biases", lambda: Check("Weights & Biases", *wandb_key())),
    ]
    if deep:
        todo.append(("Ray", ray_starts))
    return [_guarded(name, check) for name, check in todo]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as problem:  # a check that breaks is a finding, not a crash
        kind = type(problem).__name__
        return Check(name, None, f"could not be checked ({kind}: {problem})", "Report this")


def python() -> Check:
    """Python 3.11 or newer."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    return Check("Python", ok, found, "" if ok else "Use Python 3.11 or newer")


def packages(constraints: Path | None) -> Check:
    """The installed versions against the pinned ones."""
    if constraints is None or not constraints.exists():
        return Check("packages", None, "no file of pinned versions here to compare with")
    pinned = read_pins(constraints.read_text())
    installed = {name: _version(name) for name in pinned}
    missing = [name for name, version in installed.items() if version is None]
    other = [
        f"{name} {version} (pinned {pinned[name]})"
        for name, version in installed.items()
        if version is not None and version.split("+")[0] != pinned[name].split("+")[0]
    ]
    if not other:
        some = f", {len(missing)} not installed (optional)" if missing else ""
        return Check("packages", True, f"{len(pinned) - len(missing)} at their pins{some}")
    fix = f"`pip install -c {constraints} medsweep`, if something misbehaves"
    return Check("packages", None, "other versions than pinned: " + ", ".join(other), fix)


def read_pins(text: str) -> dict[str, str]:
    """Name and version of each `name==version` line; markers and comments are cut off."""
    lines = (line.split("#")[0].split(";")[0].strip() for line in text.splitlines())
    pairs = (line.split("==", 1) for line in lines if "==" in line)
    return {name.split("[")[0].strip(): version.strip() for name, version in pairs}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Check:
    """Cores, and whether the processor is one on which bitsandbytes can lose gradients."""
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    cores = f"{cpu_count()} core{'' if cpu_count() == 1 else 's'} to use"
    if "avx512_bf16" in flags:
        cores += (
            "; it has AVX512-BF16, on which bitsandbytes stops NF4 gradients on the CPU after an "
            "evaluation: medsweep turns that path off, other programs may not"
        )
    return Check("processor", True, cores)


def torch_build() -> Check:
    """torch imports, and sees the GPUs that the driver sees."""
    found = run_probe(TORCH, IMPORT_SECONDS)
    if not found.ok:
        return Check("torch", False, found.text, "Install again with `make install`")
    gpus = local_devices()
    if gpus and found.text.endswith("|"):
        detail = f"{found.text} sees no GPU, but the driver has {len(gpus)}"
        fix = "Install the CUDA build of torch that this driver supports (pytorch.org)"
        return Check("torch", False, detail, fix)
    return Check("torch", True, found.text.rstrip("| "))


def bitsandbytes() -> Check:
    """A 4-bit layer passes gradients here."""
    found = run_probe(BITSANDBYTES, IMPORT_SECONDS)
    fix = "" if found.ok else "Set trial.model.quantization: none, or install bitsandbytes again"
    return Check("bitsandbytes", found.ok, found.text, fix)


def gpu_memory() -> Check:
    """Free memory of each GPU."""
    gpus = local_devices()
    if not gpus:
        return Check("GPU memory", None, "no GPU: trials run on the CPU, small models only")
    rows = [f"{g.index}: {g.name}, {g.free / GIB:.1f} of {g.memory / GIB:.1f} GiB" for g in gpus]
    ok = all(gpu.free >= GPU_GIB * GIB for gpu in gpus)
    fix = "" if ok else "End what else runs there (`nvidia-smi`), or set CUDA_VISIBLE_DEVICES"
    return Check("GPU memory", ok, "; ".join(rows), fix)


def memory() -> Check:
    """Memory this process may use."""
    import psutil

    whole, free = memory_bytes(), int(psutil.virtual_memory().available)
    ok = min(whole, free) >= MEMORY_GIB * GIB
    detail = f"{min(whole, free) / GIB:.1f} of {whole / GIB:.1f} GiB free"
    fix = "" if ok else f"Free some: {MEMORY_GIB:.0f} GiB is the least for the demo"
    return Check("memory", ok, detail, fix)


def shared_memory(folder: Path = Path("/dev/shm")) -> Check:  # noqa: S108
    """Room for Ray's object store."""
    if not folder.exists():
        return Check("shared memory", None, "no /dev/shm: Ray uses files instead, slower")
    free = shutil.disk_usage(folder).free / GIB
    ok = True if free >= SHM_GIB else None
    fix = "" if ok else "In a container: --shm-size=2g (Ray then keeps its objects in memory)"
    return Check("shared memory", ok, f"{free:.1f} GiB free in {folder}", fix)


def disk(name: str, folder: Path) -> Check:
    """Free space and write permission where `folder` is, or would be made."""
    there = next(path for path in [folder.absolute(), *folder.absolute().parents] if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        return Check(name, False, f"{there} cannot be written", "Choose another folder")
    free = shutil.disk_usage(there).free / GIB
    ok = free >= DISK_GIB
    fix = "" if ok else f"Free some space: {DISK_GIB:.0f} GiB is the least for a small sweep"
    return Check(name, ok, f"{free:.1f} GiB free for {folder}", fix)


def ray_authentication() -> Check:
    """Tokens on, and the token file closed to others."""
    mode, file = os.environ.get("RAY_AUTH_MODE"), default_token_path()
    if mode not in (None, "token"):
        detail = f"RAY_AUTH_MODE is {mode!r}: medsweep sets it to token for itself"
        return Check("Ray authentication", None, detail, "unset RAY_AUTH_MODE")
    if file.exists() and file.stat().st_mode & 0o077:
        detail = f"{file} can be read by others"
        return Check("Ray authentication", False, detail, f"chmod 600 {file}")
    detail = "token file is private" if file.exists() else "a private token is made when needed"
    return Check("Ray authentication", True, detail)


def ray_starts() -> Check:
    """Ray starts here and runs a task."""
    found = run_probe(RAY, RAY_SECONDS)
    fix = "" if found.ok else "See /tmp for space and `ulimit -n`; `ray start --head` says more"
    return Check("Ray", found.ok, found.text, fix)
