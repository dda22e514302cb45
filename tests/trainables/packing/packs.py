"""Packs of toy trials for tests, and how to compare their reports."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch

from tests.trainables.sft.trials import TOY, prepared
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.kinds import TrialConfig
from trainables.models.load import Base, load_base
from trainables.packing.pack import Pack
from trainables.saved import Checkpoint


def double_base() -> Base:
    """The toy Llama in float64."""
    base = load_base(TOY, "cpu")
    model = copy.deepcopy(base.model).double()
    return Base(model, base.tokenizer, base.folder, torch.float64)


def run_pack(
    base: Base,
    trials: Mapping[str, TrialConfig],
    data: Mapping[str, Prepared] | None = None,
    checkpoints: Mapping[str, Checkpoint] | None = None,
    joins: Mapping[str, int] | None = None,
    leaves: Mapping[str, int] | None = None,
    max_tokens: int = 8192,
    rows: Callable[[], Prepared] = prepared,
) -> dict[str, list[Report]]:
    """The reports of trials that train together; some join or leave after some steps of the pack.
    Trials without `data` of their own have those of `rows`.

    A trial that raises makes this raise.
    """
    pack = Pack(base, TOY, max_tokens)
    contexts = {
        name: ListContext((data or {}).get(name) or rows(), (checkpoints or {}).get(name))
        for name in trials
    }
    waiting = {name: (joins or {}).get(name, 0) for name in trials}
    step = 0
    while pack.trials or waiting:
        for name in [n for n, at in waiting.items() if at <= step]:
            pack.join(name, trials[name], contexts[name])
            del waiting[name]
        for name, at in (leaves or {}).items():
            if at == step:
                pack.leave(name)
        for ended in pack.step():
            if ended.error is not None:
                raise ended.error
        step += 1
    pack.close()
    return {name: context.reports for name, context in contexts.items()}


def kept_for_backward(pack: Pack) -> int:
    """Bytes of storage that the pack's next step keeps for backward, weights apart."""
    own = [x for t in pack.trials.values() for x in (t.adapter.flat, t.adapter.work)]
    weights = [*pack.base.model.parameters(), *own]
    known = {tensor.untyped_storage().data_ptr() for tensor in weights}
    seen: dict[int, torch.UntypedStorage] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            seen[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        pack.step()
    return sum(storage.nbytes() for storage in seen.values())


def numbers(reports: list[Report]) -> list[dict[str, float]]:
    """All that was measured, but for time."""
    return [{k: v for k, v in r.metrics.items() if k != "minutes"} for r in reports]


def largest_difference(left: list[Report], right: list[Report]) -> float:
    """Relative, over all measured numbers; the reports must be of the same steps and names."""
    assert [r.step for r in left] == [r.step for r in right]
    worst = 0.0
    for one, other in zip(numbers(left), numbers(right), strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            worst = max(worst, abs(value - other[name]) / max(abs(value), 1e-300))
    return worst


def fields(**sections: Any) -> dict[str, Any]:
    """A dictionary of sections."""
    return sections
