"""What is asked of a target before it is connected."""

import pytest

from cluster.config import ClusterConfig
from cluster.devices import Device
from cluster.targets import described, devices_at_hand


def test_this_machine_s_devices_are_those_of_local(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Device(0, "GPU-1", "T4", 15, 14)
    monkeypatch.setattr("cluster.targets.local.local_devices", lambda: [gpu])
    assert devices_at_hand(ClusterConfig()) == [gpu]
    assert devices_at_hand(ClusterConfig(target="ray")) is None


def test_where_trials_run_in_words() -> None:
    assert described(ClusterConfig()) == "on this machine"
    assert described(ClusterConfig(target="ray")) == "on the Ray cluster at auto"
    there = ClusterConfig(target="ray", address="head:6379")
    assert described(there) == "on the Ray cluster at head:6379"
