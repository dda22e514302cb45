"""A worker's own sign that its process lives, left where the driver looks: the watchdog in the
worker is stopped with it (SIGSTOP, a frozen cgroup, a machine that swaps without end). There it
also finds that the driver asks its trials for checkpoints."""

import json
import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from sweeps.failures.hangs import patience
from trainables.heartbeat import HEART
from trainables.preemption import SAVE

NAMESPACE = b"medsweep"
BEAT = 2.0  # seconds between two


class Pulse(NamedTuple):
    """Which process on which node, which trial it trains (a pack's: ""), how many seconds it may be
    silent for by `limits.hang_minutes` or its pace, and how often it has beaten."""

    node: str
    pid: int
    trial: str
    patience: float
    beats: int

    @property
    def key(self) -> bytes:
        """Where it is."""
        return prefix() + f"{self.node}-{self.pid}".encode()

    def written(self) -> bytes:
        """As it travels."""
        return json.dumps(self).encode()

    @classmethod
    def read(cls, content: bytes) -> Self:
        """What `written` gave."""
        return cls(*json.loads(content))


def keep_beating(trial: Callable[[], str], hang_minutes: Callable[[], float | None]) -> None:
    """From now on, in a thread, until this process ends; `trial` and `hang_minutes` are asked each
    time."""
    threading.Thread(target=_beat, args=(trial, hang_minutes), daemon=True).start()


def prefix() -> bytes:
    """What the keys of this sweep's processes begin with."""
    import ray

    return f"pulse-{ray.get_runtime_context().get_job_id()}-".encode()


def store() -> Any:
    """Ray's own small store of keys, that each of its processes reaches."""
    from ray._private.worker import global_worker

    return global_worker.gcs_client


def _beat(trial: Callable[[], str], hang_minutes: Callable[[], float | None]) -> None:
    import ray

    node, beats, never = ray.get_runtime_context().get_node_id(), 0, threading.Event()
    while not never.wait(BEAT if beats else 0):
        beats += 1
        longest = patience(HEART, hang_minutes())
        pulse = Pulse(node, os.getpid(), trial(), longest, beats)
        try:
            store().internal_kv_put(pulse.key, pulse.written(), True, NAMESPACE, timeout=BEAT)
            if store().internal_kv_exists(_save_key(), NAMESPACE, timeout=BEAT):
                SAVE.set()
        except Exception:  # noqa: S112 - a busy head; the next one tells as much
            continue


def ask_to_save() -> None:
    """Ask all trials of this sweep for checkpoints: their processes look whenever they beat."""
    store().internal_kv_put(_save_key(), b"", True, NAMESPACE, timeout=BEAT)


def _save_key() -> bytes:
    return b"save-" + prefix()
