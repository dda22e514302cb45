"""Memory of training, limited and measured: by torch's allocator on a GPU, by count on a CPU."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch

from trainables.forward.adapter import PackedAdapter

Measured = Callable[[], dict[str, float]]  # bytes, by name


@contextmanager
def gpu_limit(limit: float) -> Iterator[Measured]:
    """The allocator gives at most `limit` bytes. `peak` is what tensors had of them at most,
    `reserved` what the allocator had taken for that."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, limit / total))
    try:
        yield lambda: {
            "peak": torch.cuda.max_memory_allocated(),
            "reserved": torch.cuda.max_memory_reserved(),
        }
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


class Kept:
    """Bytes of storage that autograd keeps for backward, the weights' apart: `now`, and at `most`.

    More than `limit` raises torch.OutOfMemoryError, as a GPU does.
    """

    def __init__(self, weights: set[int], limit: float) -> None:
        self.weights, self.limit = weights, limit  # by the addresses of their storages
        self.holders: Counter[int] = Counter()
        self.now = self.most = 0

    def hold(self, storage: torch.UntypedStorage) -> None:
        """One more saved tensor lies in this storage."""
        if not self.holders[storage.data_ptr()]:
            if self.now + storage.nbytes() > self.limit:
                raise torch.OutOfMemoryError(f"backward keeps more than {self.limit:.0f} bytes")
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
        self.holders[storage.data_ptr()] += 1

    def release(self, storage: torch.UntypedStorage) -> None:
        """One less."""
        self.holders[storage.data_ptr()] -= 1
        if not self.holders[storage.data_ptr()]:
            self.now -= storage.nbytes()


class _Saved:
    """A tensor that autograd keeps; it is gone when autograd lets it go."""

    def __init__(self, tensor: torch.Tensor, kept: Kept) -> None:
        # detached: an output saved by its own node would keep that node for ever
        self.tensor, self.kept = tensor.detach(), None
        if tensor.untyped_storage().data_ptr() not in kept.weights:
            kept.hold(tensor.untyped_storage())
            self.kept = kept

    def __del__(self) -> None:
        if self.kept is not None:
            self.kept.release(self.tensor.untyped_storage())


@contextmanager
def cpu_limit(limit: float, weights: Sequence[torch.Tensor], held: float) -> Iterator[Measured]:
    """`peak` is what backward kept at most, and the `held` bytes."""
    kept = Kept({tensor.untyped_storage().data_ptr() for tensor in weights}, limit - held)
    hooks = torch.autograd.graph.saved_tensors_hooks
    with hooks(lambda tensor: _Saved(tensor, kept), lambda saved: saved.tensor):
        yield lambda: {"peak": held + kept.most}


def held_bytes(base: Any, adapters: Sequence[PackedAdapter]) -> float:
    """Of a base model's weights and of what adapters hold between steps."""
    parameters = list(base.parameters())
    states = [s for p in parameters if (s := getattr(p, "quant_state", None))]
    scales = sum(state.absmax.nbytes + state.state2.absmax.nbytes for state in states)
    own = sum(adapter.held_bytes for adapter in adapters)
    return float(sum(p.nbytes for p in parameters) + scales + own)


def limited(
    base: Any, adapters: Sequence[PackedAdapter], limit: float
) -> AbstractContextManager[Measured]:
    """Within, training these adapters on this base model may use `limit` bytes in all."""
    if base.device.type == "cuda":
        return gpu_limit(limit)
    weights = [*base.parameters(), *(x for own in adapters for x in (own.flat, own.work))]
    return cpu_limit(limit, weights, held_bytes(base, adapters))
