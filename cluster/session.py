"""A connection to Ray: what it offers, and how it is ended."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """One machine of the cluster; `address` is its IP."""

    node_id: str
    address: str
    cpus: float
    gpus: float
    memory: float  # bytes


@dataclass
class Session:
    """A started or joined Ray cluster. `temp` belongs to this session and goes with it."""

    target: str
    driver_node_id: str
    temp: Path | None = None
    release: Callable[[], None] = field(default=lambda: None)

    def nodes(self) -> list[Node]:
        """The living nodes, the driver's first, the others by address."""
        import ray

        rows = [_node(row) for row in ray.nodes() if row["Alive"]]
        return sorted(rows, key=lambda node: (node.node_id != self.driver_node_id, node.address))

    def resources(self) -> dict[str, float]:
        """What the whole cluster has: CPU, GPU (0 where there is none) and memory in bytes."""
        nodes = self.nodes()
        return {
            "CPU": sum(node.cpus for node in nodes),
            "GPU": sum(node.gpus for node in nodes),
            "memory": sum(node.memory for node in nodes),
        }

    def close(self) -> None:
        """Leave the cluster; a local one is stopped and its files removed. Safe to repeat."""
        import ray

        if ray.is_initialized():
            ray.shutdown()
        self.release()
        if self.temp is not None:
            shutil.rmtree(self.temp, ignore_errors=True)


def _node(row: dict[str, object]) -> Node:
    has = row["Resources"]
    assert isinstance(has, dict)
    cpus, gpus, memory = (float(has.get(name, 0.0)) for name in ("CPU", "GPU", "memory"))
    return Node(str(row["NodeID"]), str(row["NodeManagerAddress"]), cpus, gpus, memory)


def current_session(
    target: str, temp: Path | None = None, release: Callable[[], None] = lambda: None
) -> Session:
    """The session of the Ray cluster that this process has just joined."""
    import ray

    return Session(target, ray.get_runtime_context().get_node_id(), temp, release)
