"""The driver's watch over its workers' processes: one that stands still is killed, and its trial
goes on as after any death. What hangs in a process that runs, that process sees itself
(`failures.hangs`)."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from sweeps.failures.hangs import LOOK
from sweeps.tune.pulse import BEAT, NAMESPACE, Pulse, prefix, store

LATE = 15.0  # seconds beyond its patience: the watchdog in the process comes first
KILL_SECONDS = 60.0
OnStill = Callable[[str, str], None]  # the trial ("": all of a pack), and why it died


class Silences:
    """How long each process has not beaten, by a clock of the driver's own: what it sees pass. A
    look that comes late counts as one in time, as in `HangWatch`: the machine slept."""

    def __init__(self) -> None:
        self._last: dict[bytes, tuple[Pulse, float]] = {}
        self._looked: float | None = None

    def look(self, pulses: list[Pulse], now: float) -> list[tuple[Pulse, float]]:
        """Those that stand still, with the seconds of their silence; each once."""
        passed = min(now - self._looked, 2 * LOOK) if self._looked is not None else 0.0
        self._looked, before, self._last = now, self._last, {}
        still = []
        for pulse in pulses:
            known, silence = before.get(pulse.key, (pulse, 0.0))
            silence = silence + passed if known.beats == pulse.beats else 0.0
            if silence >= pulse.patience + LATE:
                still.append((pulse, silence))
            else:
                self._last[pulse.key] = (pulse, silence)
        return still


@contextmanager
def lookout(on_still: OnStill) -> Iterator[None]:
    """Within, workers are watched, by a thread."""
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(on_still, over), daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join(2 * LOOK)
        with suppress(Exception):  # of a head that is gone
            store().internal_kv_del(prefix(), True, NAMESPACE, timeout=BEAT)


def _watch(on_still: OnStill, over: threading.Event) -> None:
    silences = Silences()
    while not over.wait(LOOK):
        try:
            for pulse, silence in silences.look(_pulses(), time.monotonic()):
                if _end(pulse):  # else it had ended by itself
                    on_still(pulse.trial, why(silence))
        except Exception:  # noqa: S112 - a head that is busy or gone: `launch.ray_death` sees to it
            continue


def why(silence: float) -> str:
    """What a record says of a process that was silent for so many seconds."""
    return (
        f"its process stood still for {silence / 60:.2g} minutes (stopped, frozen, or without "
        "memory) and was ended"
    )


def _pulses() -> list[Pulse]:
    keys = store().internal_kv_keys(prefix(), NAMESPACE, timeout=BEAT)
    found = store().internal_kv_multi_get(keys, NAMESPACE, timeout=BEAT) if keys else {}
    return [Pulse.read(content) for content in found.values()]


def _end(pulse: Pulse) -> bool:
    """Kill a process where it runs. Ray's own way asks it to end, which it cannot; SIGKILL needs
    no consent. A node that is gone has been noticed by Ray."""
    store().internal_kv_del(pulse.key, False, NAMESPACE, timeout=BEAT)
    if pulse.node == ray.get_runtime_context().get_node_id():
        return kill_worker(pulse.pid)
    there = NodeAffinitySchedulingStrategy(pulse.node, soft=False)
    task = ray.remote(kill_worker).options(num_cpus=0, scheduling_strategy=there)
    return bool(ray.get(task.remote(pulse.pid), timeout=KILL_SECONDS))


def kill_worker(pid: int) -> bool:
    """Kill one of Ray's workers on this machine, and nothing else that has its number now."""
    try:
        if not psutil.Process(pid).cmdline()[0].startswith("ray::"):
            return False
        os.kill(pid, signal.SIGKILL)
    except (psutil.Error, ProcessLookupError, IndexError):
        return False
    return True
