"""The places a sweep can run in, by the name that `cluster.target` gives them."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from cluster.config import ClusterConfig
from cluster.session import Session

Connect = Callable[[ClusterConfig, Sequence[Path]], Session]

# imported when used: a spec is read, and planned, without Ray
TARGETS: dict[str, str] = {
    "local": "cluster.targets.local",
    "ray": "cluster.targets.ray",
}


def connect(cluster: ClusterConfig, packages: Sequence[Path]) -> Session:
    """Start or join the cluster that the spec names.

    `packages` are the folders of the Python packages that trials import (`…/sweeps`,
    `…/trainables`). Raises ClusterError when there is no such cluster to be had, within a minute.
    """
    module = import_module(TARGETS[cluster.target])
    join: Connect = module.connect
    return join(cluster, packages)
