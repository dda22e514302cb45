"""The actor that holds a device's pack, and a trial's view of it from another process."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cluster.devices import device_name
from cluster.placement import Placement
from cluster.private_process import close_to_others
from cluster.session import Node
from sweeps.failures.deaths import tell_exits
from sweeps.failures.hangs import LOOK, HangWatch, HungError, last_words
from sweeps.failures.raised import Failure, failure
from sweeps.quiet import quiet_libraries
from sweeps.readiness.pack_sizes import remember, remembered
from sweeps.tune.pulse import keep_beating
from sweeps.tune.trial_thread import trainer
from trainables.context import Report
from trainables.kinds import KINDS, trial_config
from trainables.packing.host import PackHost
from trainables.training.config import SingleTrial

TELL_SECONDS = 60  # for trials to fetch what they still have to hear from a host that hangs
RESTART_SECONDS = 180  # a host that died is made again by Ray: a new process, torch, the base model
Hosts = dict[tuple[str, str], Any]  # (node, GPU or "") → actor


class PackActor:
    """Runs `PackHost` on one device. After its process died it takes half as many trials at once:
    it may have been killed for its memory."""

    def __init__(
        self, index: int | None, capacity: int, threads: int, hang_minutes: float | None = None
    ) -> None:
        close_to_others()
        tell_exits()
        keep_beating(lambda: "", lambda: hang_minutes)  # of all its trials
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        ids = visible.split(",") if visible else None
        self._device = "" if index is None else ids[index] if ids else str(index)
        os.environ["CUDA_VISIBLE_DEVICES"] = self._device
        again = ray.get_runtime_context().was_current_actor_reconstructed
        room = max(1, capacity // 2) if again else capacity
        self._made = ThreadPoolExecutor(1).submit(_make, room, threads)  # torch takes seconds
        watching = threading.Thread(target=self._watch, args=(hang_minutes,), daemon=True)
        watching.start()

    def device(self) -> str:
        """The GPU's id as Ray gives it to a trial; "" for the CPU."""
        return self._device

    def open(
        self, name: str, kind: str, config: dict[str, Any], prepared: Any, checkpoint: Any
    ) -> None:
        """Take a trial on."""
        alone = None if kind in KINDS else trainer(kind)
        self._made.result().open(name, trial_config(config), prepared, checkpoint, alone)

    def next(self, name: str) -> Report | Failure:
        """The trial's next report; waits for it."""
        try:
            return self._made.result().next(name)
        except BaseException as error:
            problem = failure(error)
            if isinstance(error, HungError):
                return problem  # `_watch` ends the process
            if problem.poisoned:  # nothing more works in this process; Ray makes another
                os._exit(1)
            return problem

    def speeds(
        self, config: dict[str, Any], prepared: Any, largest: int, alone: tuple[int, int]
    ) -> tuple[str, dict[int, float]]:
        """The device's name, and tokens a second of such trials on it (`trainables.throughput`)."""
        device, trial = device_name(), _single(config)
        found = remembered(trial, device)
        if found is None:
            self._made.result()  # threads are set
            from trainables.throughput.packed import tokens_per_second

            found = tokens_per_second(trial, prepared, largest, alone)
            remember(trial, device, found)
        return device, found

    def _watch(self, hang_minutes: float | None) -> None:
        """End the process where the pack hangs: Ray makes another, in which its trials go on."""
        host = self._made.result()
        watch = HangWatch(hang_minutes, fatal=True)
        while not (host.busy and watch.look()):
            if not host.busy:
                watch.end()
                watch.begin()
            time.sleep(LOOK)
        watch.end()
        self._tell(host, watch.silence)
        os._exit(1)

    def _tell(self, host: PackHost, silence: float) -> None:
        """Say it to each trial that asks, and which one is to blame where that is known."""
        blamed, thread = host.working_for, host.thread

        def error_of(name: str, step: int) -> HungError:
            if blamed not in (None, name):
                return HungError(f"{blamed}, in the same process, hung", to_blame=False)
            return HungError(last_words(silence, step, thread))

        host.give_up(error_of)
        deadline = time.monotonic() + TELL_SECONDS
        while not host.all_told and time.monotonic() < deadline:
            time.sleep(LOOK / 10)
        time.sleep(LOOK)  # the last answers are on their way

    def stop(self, name: str) -> bool:
        """End a trial; False where it does not end."""
        return self._made.result().stop(name)


def _single(content: dict[str, Any]) -> SingleTrial:
    (alone,) = trial_config(content).stage_trials
    return alone


def _make(capacity: int, threads: int) -> PackHost:
    quiet_libraries()
    import torch

    torch.set_num_threads(threads)
    return PackHost(capacity)


class RemoteTrial:
    """A trial in this node's pack, as `TrialThread` is one in this process."""

    hangs = False  # its thread is in another process, which sees to that

    def __init__(
        self, hosts: Hosts, name: str, kind: str, config: dict[str, Any], data: tuple[Any, Any]
    ) -> None:
        here = ray.get_runtime_context().get_node_id()
        devices = ray.get_gpu_ids()
        self._host = hosts[here, str(devices[0]) if devices else ""]
        self._order = (name, kind, config, *data)
        self._name, self._opened, self._reported = name, False, False

    def next(self) -> Report | Failure:
        """The trial's next report. Raises RayActorError where the pack's process died."""
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                return self._next()
            except ActorUnavailableError:  # its process died; Ray is making it again
                if self._reported or time.monotonic() > deadline:
                    raise
                self._opened = False
                time.sleep(1)

    def _next(self) -> Report | Failure:
        if not self._opened:
            ray.get(self._host.open.remote(*self._order))
            self._opened = True
        report: Report | Failure = ray.get(self._host.next.remote(self._name))
        self._reported = True
        return report

    def stop(self) -> bool:
        """End the trial; False if it does not end."""
        try:
            return not self._opened or bool(ray.get(self._host.stop.remote(self._name)))
        except ActorUnavailableError:  # with its process the trial is gone too
            return True


def start_hosts(
    nodes: list[Node], placement: Placement, hang_minutes: float | None = None
) -> Hosts:
    """One actor a device on each node; it asks Ray for nothing, its trials hold the device."""
    actor = ray.remote(PackActor)
    started = []
    for node in nodes:
        for index in range(int(node.gpus)) or [None]:
            options = actor.options(
                num_cpus=0,
                num_gpus=0,
                max_restarts=-1,
                max_concurrency=4 * placement.pack + 4,  # each trial waits in a thread
                scheduling_strategy=NodeAffinitySchedulingStrategy(node.node_id, soft=False),
            )
            threads = max(1, int(node.cpus / max(1, node.gpus)))
            made = options.remote(index, placement.pack, threads, hang_minutes)
            started.append((node.node_id, made))
    devices = ray.get([host.device.remote() for _, host in started])
    return {(node, device): host for (node, host), device in zip(started, devices, strict=True)}


def measured_speeds(
    node: Node, trial: SingleTrial, prepared: Any, largest: int, alone: Placement
) -> dict[int, float]:
    """Tokens a second by pack size (0: isolated trials, placed as `alone`), on a node's first
    device."""
    one = Placement(0, 0, 1, "", pack=largest)
    hosts = start_hosts([replace(node, gpus=min(node.gpus, 1))], one)
    side_by_side = 1 if node.gpus else max(1, int(node.cpus / alone.cpus_per_trial))
    own = (max(1, int(alone.cpus_per_trial)), side_by_side)
    with ending(hosts):
        (host,) = hosts.values()
        config = trial.model_dump(mode="json")
        device, found = ray.get(host.speeds.remote(config, prepared, largest, own))
    remember(trial, device, found)  # here too: `plan` reads it
    return dict(found)


@contextmanager
def ending(hosts: Hosts | None) -> Iterator[None]:
    """On leaving, the hosts' processes end, and with them what they hold of the devices."""
    try:
        yield
    finally:
        for host in (hosts or {}).values():
            ray.kill(host)
