"""A connection to Ray: what it offers, and how it is ended."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# of Ray's own processes, in Ray's names, those that it cannot do without, in words
OWN = {"gcs_server": "Ray's head process (the GCS)", "raylet": "Ray's process here (the raylet)"}
ANSWER_SECONDS = 3.0
SILENT_SECONDS = 12.0  # of a head; Ray gives up after 60


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
    answered: float = field(default_factory=time.monotonic)  # when its head last did

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

    def dead(self) -> str:
        """Which of Ray's own processes has died, in words; "" where none has.

        One of ours is asked for by its number, every second without cost; of a joined cluster the
        head has gone once it has not answered for `SILENT_SECONDS`.
        """
        from ray._private import worker

        node = worker._global_node
        if node is None:
            return ""
        if self.target == "local":
            return next((words for name, words in OWN.items() if _ended(node, name)), "")
        return self._unanswered(worker.global_worker.gcs_client)

    def _unanswered(self, head: Any) -> str:
        with suppress(Exception):  # Ray's, of several kinds
            head.internal_kv_exists(b"medsweep", None, timeout=ANSWER_SECONDS)
            self.answered = time.monotonic()
        silent = time.monotonic() - self.answered > SILENT_SECONDS
        return "the head of the Ray cluster" if silent else ""

    def abandon(self) -> None:
        """Let go of a Ray that has died: nothing is asked of it, and of a local one no process is
        left. This process can do no more with Ray."""
        import psutil

        for child in psutil.Process().children(recursive=True) if self.target == "local" else []:
            with suppress(psutil.Error):
                child.kill()
        self.release()
        if self.temp is not None:
            shutil.rmtree(self.temp, ignore_errors=True)


def _ended(node: Any, name: str) -> bool:
    return any(info.process.poll() is not None for info in node.all_processes.get(name, []))


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
