"""One Ray for all sweeps of a command: a search and its confirmation."""

from pathlib import Path
from types import TracebackType
from typing import Self

from cluster.config import ClusterConfig
from cluster.own_modules import SHIPPED, OwnModules
from cluster.session import Session
from cluster.targets import connect, described, devices_at_hand
from sweeps.launch.stop_signal import as_ctrl_c
from sweeps.quiet import quiet_ray
from trainables.on_progress import OnProgress
from trainables.rewards.own import VARIABLE, current, written

ROOT = Path(__file__).parents[2]
PACKAGES = ("medsweep", "analysis", "sweeps", "search_spaces", "cluster", "trainables")


class KeptRay:
    """Starts or joins Ray when a sweep first asks for it, keeps it for the next one, and lets go of
    it where the `with` ends. Another `cluster` section, or other modules of the user's, make it
    connect anew.

    Example::

        with KeptRay() as ray:
            new_run(loaded, folder, watch, print, ray=ray)
            confirm_run(folder, config, best, criterion, watch, print, ray=ray)
    """

    def __init__(self) -> None:
        self._session: Session | None = None
        self._asked: tuple[ClusterConfig, OwnModules | None] | None = None
        # bytes of this machine's GPU that has least, before any of our own processes held some;
        # None where trials run elsewhere, or on the CPU
        self.free_bytes: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def session(self, cluster: ClusterConfig, progress: OnProgress) -> Session:
        """The connection that `cluster` asks for. Raises ClusterError."""
        asked = (cluster, _own_modules())
        if self._session is not None and self._asked == asked:
            return self._session
        self.close()
        own = cluster.target == "local"
        progress("starting Ray" if own else f"joining: trials run {described(cluster)}")
        quiet_ray()
        self.free_bytes = _free_bytes(cluster)
        self._session = connect(cluster, [ROOT / name for name in PACKAGES], asked[1])
        self._asked = asked
        as_ctrl_c()  # Ray has a handler of its own
        if not own:
            nodes = self._session.nodes()
            cpus, many = sum(n.cpus for n in nodes), "s" * (len(nodes) > 1)
            progress(f"joined: {len(nodes)} machine{many}, {cpus:g} CPUs in all")
        return self._session

    def close(self) -> None:
        """Let go of it, if there is one. Safe to repeat."""
        session, self._session, self._asked = self._session, None, None
        if session is not None:
            session.close()


def _own_modules() -> OwnModules | None:
    """The modules of the user's own rewards, as they travel to other machines."""
    origin = current()
    if origin is None:
        return None
    there = origin._replace(folder=SHIPPED)
    return OwnModules(Path(origin.folder), {VARIABLE: written(there)})


def _free_bytes(cluster: ClusterConfig) -> float | None:
    devices = devices_at_hand(cluster) or []
    return min((float(device.free) for device in devices), default=None)
