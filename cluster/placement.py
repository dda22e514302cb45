"""What each trial is given and how many run at once: a pure decision."""

from dataclasses import dataclass
from math import floor

from cluster.config import ClusterConfig
from cluster.errors import ClusterError

EPSILON = 1e-9  # thirds of a GPU must still add up to one


@dataclass(frozen=True)
class Placement:
    """A trial's share of the cluster. `gpus_per_trial` may be a fraction of one GPU."""

    cpus_per_trial: float
    gpus_per_trial: float
    concurrent: int
    description: str
    pack: int = 0  # trials that train together on one device; 0: each in a process of its own


def place(
    cluster: ClusterConfig,
    cpus: float,
    gpus: int,
    node_cpus: float | None = None,
    unpackable: str | None = None,
    measured: int = 0,
) -> Placement:
    """Each trial's CPUs and GPUs, and how many trials run at once.

    `cpus` and `gpus` are the whole cluster's; `node_cpus` (default: `cpus`) is what its smallest
    useful node has, since a trial runs on one node. `unpackable` says why trials cannot share
    calls of one base model, where they cannot. `measured` is the size of packs where
    `trials_per_gpu` is auto (0: isolated trials were found as fast). Raises ClusterError when more
    is asked for than there is.
    """
    room = min(cpus, node_cpus if node_cpus is not None else cpus)
    asked = cluster
    measured = measured if cluster.trials_per_gpu == "auto" else 0
    if measured:
        cluster = cluster.model_copy(update={"trials_per_gpu": measured})
    per_gpu = _gpus_per_trial(cluster, gpus)
    slots = _gpu_slots(gpus, per_gpu) if per_gpu else None
    pack = 0 if unpackable else _pack(cluster, per_gpu, measured)
    if pack and slots is None:  # a node's CPU is the device that is shared
        slots = pack * max(1, floor(cpus / room))
    per_cpu = _cpus_per_trial(cluster, cpus, room, slots)
    by_cpu = floor(cpus / per_cpu + EPSILON)
    concurrent = by_cpu if slots is None else min(slots, by_cpu)
    concurrent = max(1, min(concurrent, cluster.max_concurrent_trials or concurrent))
    pack = min(pack, concurrent)
    refused = unpackable if asked.trials_per_gpu not in ("auto", 1) else None
    description = _describe(per_cpu, per_gpu, concurrent, pack, refused)
    return Placement(per_cpu, per_gpu, concurrent, description, pack)


def _pack(cluster: ClusterConfig, per_gpu: float, measured: int) -> int:
    if cluster.trials_per_gpu == "auto" or per_gpu > 1:
        return 0
    return cluster.trials_per_gpu if cluster.trials_per_gpu > 1 else min(measured, 1)


def _gpus_per_trial(cluster: ClusterConfig, gpus: int) -> float:
    asked, sharing = cluster.gpus_per_trial, cluster.trials_per_gpu
    if sharing != "auto" and sharing < 1:
        raise ClusterError(
            "cluster.trials_per_gpu", sharing, "must be 1 or more", "Write 1, or auto"
        )
    if asked == "auto":
        return 0.0 if gpus == 0 else 1.0 / (1 if sharing == "auto" else sharing)
    _check_gpus(asked, gpus)
    if asked > 0 and sharing != "auto" and abs(asked * sharing - 1) > EPSILON:
        message = f"contradicts cluster.trials_per_gpu = {sharing}"
        raise ClusterError("cluster.gpus_per_trial", asked, message, "Give only one of the two")
    return float(asked)


def _check_gpus(asked: float, gpus: int) -> None:
    field = "cluster.gpus_per_trial"
    if asked < 0:
        raise ClusterError(field, asked, "must not be negative", "Write 0, 1 or auto")
    if asked > 1 and asked != int(asked):
        message = "above 1 must be a whole number (a GPU is shared or owned)"
        raise ClusterError(field, asked, message, f"Write {floor(asked)} or {floor(asked) + 1}")
    if asked > gpus:
        has = f"the cluster has {gpus} GPU{'' if gpus == 1 else 's'}"
        fix = "Write auto" if gpus == 0 else f"Write at most {gpus}, or auto"
        raise ClusterError(field, asked, has, fix)


def _gpu_slots(gpus: int, per_gpu: float) -> int:
    """Trials that fit on the GPUs; a trial's share never spans two GPUs."""
    if per_gpu >= 1:
        return floor(gpus / per_gpu)
    return gpus * floor(1 / per_gpu + EPSILON)


def _cpus_per_trial(cluster: ClusterConfig, cpus: float, room: float, slots: int | None) -> float:
    asked = cluster.cpus_per_trial
    if asked == "auto":
        return auto_cpus(cpus, room, slots)
    if asked <= 0:
        message = "must be above 0 (a share of a core is allowed)"
        raise ClusterError("cluster.cpus_per_trial", asked, message, "Write 1, or auto")
    if asked > room:
        message = f"the largest share of CPUs one machine can give is {room:g}"
        fix = f"Write at most {room:g}, or auto"
        raise ClusterError("cluster.cpus_per_trial", asked, message, fix)
    return float(asked)


def auto_cpus(cpus: float, room: float, slots: int | None) -> float:
    """CPUs a trial gets when the spec leaves it to us.

    On GPUs the cores are shared out evenly among the trials that fit (less than one core each is
    legal). On CPUs alone a trial trains with threads, so small machines run one at a time and
    larger ones give two cores each. Never more than one machine's `room`.
    """
    if slots is not None:
        share = cpus / slots
        return min(room, float(floor(share)) if share >= 1 else floor(share * 100) / 100)
    return min(room, cpus if cpus < 4 else 2.0)


def _describe(cpus: float, gpus: float, concurrent: int, pack: int, unpackable: str | None) -> str:
    parts = [f"{cpus:g} CPU{'' if cpus == 1 else 's'}"]
    if gpus:
        parts.append(f"{gpus:.3g} GPU{'s' if gpus > 1 else ''}")
    at_once = "one trial at a time" if concurrent == 1 else f"{concurrent} trials at a time"
    alone = f" (not packed: {unpackable})" if unpackable else ""
    together = f", packed by {pack} on one base model" if pack > 1 else ", as a pack of one"
    packed = together if pack else alone
    return f"{at_once}, each with {' and '.join(parts)}{packed}"
