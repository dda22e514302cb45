"""What a benchmark ran on."""

from typing import Any

WANTED = ("python", "cpu", "cpus", "memory_gb", "devices", "packages")


def device() -> dict[str, Any]:
    """Processor, cores, memory, GPUs and versions, without the machine's name."""
    from sweeps.environment import describe_environment

    return {name: value for name, value in describe_environment().items() if name in WANTED}
