"""The places a sweep can run in, by the name that `cluster.target` gives them."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from cluster.config import ClusterConfig
from cluster.devices import Device
from cluster.own_modules import OwnModules
from cluster.session import Session

Connect = Callable[[ClusterConfig, Sequence[Path], OwnModules | None], Session]

# imported when used: a spec is read, and planned, without Ray
TARGETS: dict[str, str] = {
    "local": "cluster.targets.local",
    "ray": "cluster.targets.ray",
}


def connect(
    cluster: ClusterConfig, packages: Sequence[Path], own: OwnModules | None = None
) -> Session:
    """Start or join the cluster that the spec names.

    `packages` are the folders of the Python packages that trials import (`…/sweeps`,
    `…/trainables`), `own` modules of the user's that they import too. Raises ClusterError when
    there is no such cluster to be had, within a minute.
    """
    join: Connect = _module(cluster).connect
    return join(cluster, packages, own)


def described(cluster: ClusterConfig) -> str:
    """Where trials run, in words: `on this machine`."""
    text: str = _module(cluster).described(cluster)
    return text


def devices_at_hand(cluster: ClusterConfig) -> list[Device] | None:
    """The GPUs of this machine, where trials run on it; None where only joining tells which."""
    found: list[Device] | None = _module(cluster).devices_at_hand()
    return found


def _module(cluster: ClusterConfig) -> ModuleType:
    return import_module(TARGETS[cluster.target])
