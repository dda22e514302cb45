"""The actor that runs trials: one process, kept warm from trial to trial by Ray Tune."""

import base64
import os
from typing import Any, NamedTuple

import ray
from ray import cloudpickle
from ray.tune import Trainable

from cluster.private_process import close_to_others
from sweeps.failures.deaths import tell_exits
from sweeps.failures.hangs import HangWatch
from sweeps.failures.raised import Failure
from sweeps.quiet import quiet_libraries
from sweeps.tune.pack_actor import RemoteTrial
from sweeps.tune.pulse import keep_beating
from sweeps.tune.trial_thread import TrialThread


class Order(NamedTuple):
    """A task as it travels: what is large goes through Ray's object store."""

    kind: str
    config: dict[str, Any]
    prepared: Any  # ObjectRef of Prepared
    checkpoint: Any  # ObjectRef of Checkpoint, or None
    threads: int
    name: str
    hosts: Any  # of packs (`pack_actor.Hosts`); None: the trial runs in this process
    hang_minutes: float | None


def as_opaque_text(order: Order) -> str:
    """An opaque string: Ray Tune copies, flattens and prints whatever else a config holds."""
    return base64.b64encode(cloudpickle.dumps(order)).decode()


def as_order(text: str) -> Order:
    """What `as_opaque_text` hid."""
    order: Order = cloudpickle.loads(base64.b64decode(text))
    return order


class TuneWorker(Trainable):  # type: ignore[misc]
    """Ray Tune's view of a trial: `step` gives its next report."""

    _warm: tuple[Any, Any] | None = None  # the data sent last: (reference, rows)
    _spoilt = ""  # why nothing more works in this process, told in the report before

    def setup(self, config: dict[str, Any]) -> None:
        """Take the first trial."""
        close_to_others()  # another machine's Ray was started by whoever
        tell_exits()
        quiet_libraries()
        self._order = as_order(config["order"])
        keep_beating(lambda: self._order.name, lambda: self._order.hang_minutes)
        self._open(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial; False (Tune then starts a fresh process) if the last hangs."""
        if not self._trial.stop():
            return False
        self._open(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """The next report. Never `done`: the driver decides, and the worker stays warm."""
        if self._spoilt and self._trial.hangs:
            os._exit(1)  # anything gentler would wait for the thread that hangs
        if self._spoilt:
            raise RuntimeError(self._spoilt)
        result = self._trial.next()
        if isinstance(result, Failure) and result.poisoned:
            self._spoilt = result.message
        return {"report": result}

    def cleanup(self) -> None:
        """End the trial, if one is under way."""
        self._trial.stop()

    def _open(self, config: dict[str, Any]) -> None:
        self._order = order = as_order(config["order"])
        self._trial = self._remote(order) if order.hosts else self._local(order)

    def _remote(self, order: Order) -> RemoteTrial:
        data = (order.prepared, order.checkpoint)  # fetched by the pack's process
        return RemoteTrial(order.hosts, order.name, order.kind, order.config, data)

    def _local(self, order: Order) -> TrialThread:
        import torch

        torch.set_num_threads(order.threads)
        checkpoint = ray.get(order.checkpoint) if order.checkpoint is not None else None
        prepared = self._data(order.prepared)
        watch = HangWatch(order.hang_minutes, fatal=True)
        return TrialThread(order.kind, order.config, prepared, checkpoint, watch)

    def _data(self, reference: Any) -> Any:
        if self._warm is None or self._warm[0] != reference:
            self._warm = (reference, ray.get(reference))
        return self._warm[1]
