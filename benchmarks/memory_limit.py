"""Trials on a card of 24 GB: the memory that is predicted, that is measured, and how it ends.

A trial has rank 64 on q, k, v and o and trains on 2 batches of 4 rows of 512 tokens a step, half of
them supervised. Rows of the table, in 1e9 bytes:

- `isolated`: one trial in TRL's trainer;
- `packed`: packs of 1, 2 and 4, and of as many as the memory model says fit;
- `squeezed`: a pack of two that has three quarters of the memory that its calls need: they must
  become half as large, and training must go on.

`predicted_gb` is what `sweeps.readiness.predicted_memory` says,
and `fits` what the planner makes of it;
`measured_gb` is the peak of tensors, `reserved_gb` what the allocator took for them, `outcome` what
became of the trials, `calls_of` the tokens that go through the model at once, at most, in the end.

On a GPU torch's allocator has the limit. On a CPU the bytes that backward keeps are counted and
limited instead; they are compared with the prediction less the logits' gradient and softmax, which
come later. There the isolated row lacks gradients and moments of the adapter.

`python -m benchmarks.memory_limit --device cuda --model llama-3.2-3b`, from the repository's root.
"""

import argparse
import gc
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import torch

from benchmarks.meter import Measured, held_bytes, limited
from benchmarks.output import JSON, device, tell
from benchmarks.packing import token_rows
from benchmarks.shapes import base_model, described
from benchmarks.trial_steps import benchmark_data, configured, joined, pack_command
from cluster.memory import ModelShape, softmax_bytes
from sweeps.readiness.pack_sizes import USABLE, fitting
from sweeps.readiness.predicted_memory import peak_bytes
from trainables.data.prepared import Prepared
from trainables.forward import attention
from trainables.forward.budget import MAX_TOKENS
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.sft.config import SFTConfig
from trainables.throughput.isolated import step_seconds

LARGEST = 16  # trials in a pack
SQUEEZED = 0.75  # of what the calls of a pack of two need
SQUEEZED_TRIALS = 2


class Case(NamedTuple):
    """What is measured: trials of this configuration and these data on this base."""

    base: Base
    config: SFTConfig
    data: Prepared
    options: argparse.Namespace

    @property
    def report(self) -> JSON:
        """The data report, as far as the memory model reads it."""
        rows = self.data.train
        tokens = {"train": int(rows.lengths().sum()), "answer_train": rows.answer_tokens()}
        return {"tokens": tokens, "kept": {"train": len(rows)}}

    def predicted(self, k: int) -> float:
        """Bytes that a pack of k needs at its peak; on a CPU, that it keeps."""
        need = peak_bytes(self.config, self.report, k)
        assert need is not None, "the memory model knows Llamas"
        if self.options.device == "cuda":
            return need
        shape = ModelShape.of(self.base.model.config.to_dict())
        assert shape is not None
        o = self.options
        answers = min(k * o.batch * o.tokens, MAX_TOKENS) // 2
        return (
            need - answers * shape.vocab * self.base.dtype.itemsize - softmax_bytes(shape, answers)
        )


def case(options: argparse.Namespace, folder: Path) -> Case:
    """The base model, and a trial whose configuration names a folder with the model's header."""
    base = base_model(options.model, options.quantization, options.device)
    model = {
        "name_or_path": str(described(options.model, base, folder)),
        "dtype": str(base.dtype).removeprefix("torch."),
        "quantization": options.quantization,
    }
    training = {
        "per_device_train_batch_size": options.batch,
        "gradient_accumulation_steps": options.accumulation,
        "max_length": options.tokens,
    }
    config = configured(SFTConfig, options.r, options.targets, training, model)
    lengths = [options.tokens] * (options.batch * options.accumulation * options.steps)
    return Case(base, config, benchmark_data(token_rows(lengths, 259, seed=0)), options)


def pack_of(case: Case, k: int) -> Pack:
    """A pack of k trials, before their first step."""
    seeds = (case.config.training.model_copy(update={"seed": seed}) for seed in range(k))
    configs = (case.config.model_copy(update={"training": training}) for training in seeds)
    return joined(case.base, [(config, case.data) for config in configs], MAX_TOKENS)


def train(pack: Pack, steps: int) -> str:
    """Make so many steps of each trial; what became of them."""
    trials = len(pack.trials)
    while pack.trials and min(t.progress.step for t in pack.trials.values()) < steps:
        for ended in pack.step():
            if not isinstance(ended.error, torch.OutOfMemoryError):
                raise ended.error or RuntimeError("a trial ended early")
    lost = trials - len(pack.trials)
    return f"{lost} out of memory" if lost else "trained"


def packed(case: Case, k: int, limit: float | None = None) -> JSON:
    """Measure a pack of k within a limit in bytes; squeezed where it is None."""
    pack = pack_of(case, k)
    adapters = [trial.adapter for trial in pack.trials.values()]
    held, need = held_bytes(case.base.model, adapters), case.predicted(k)
    within = limit or held + SQUEEZED * (need - held)
    try:
        with limited(case.base.model, adapters, within) as measured:
            outcome = train(pack, case.options.steps)
            row = _row("packed" if limit else "squeezed", k, within, need, outcome, measured)
    finally:
        pack.close()
    return {**row, "calls_of": pack.max_tokens}


def isolated(case: Case, limit: float) -> JSON:
    """Measure one trial in the isolated engine."""
    with limited(case.base.model, [], limit) as measured:
        try:
            step_seconds(case.base, case.config, case.data.train, case.options.steps)
            outcome = "trained"
        except torch.OutOfMemoryError:
            outcome = "1 out of memory"
        return _row("isolated", 1, limit, case.predicted(1), outcome, measured)


def _row(engine: str, k: int, limit: float, need: float, outcome: str, measured: Measured) -> JSON:
    found = measured()
    peak = found.pop("peak")
    return {
        "engine": engine,
        "k": k,
        "limit_gb": _gb(limit),
        "predicted_gb": _gb(need),
        "fits": need <= USABLE * limit,
        "measured_gb": _gb(peak),
        **{f"{name}_gb": _gb(value) for name, value in found.items()},
        "measured_to_predicted": round(peak / need, 3),
        "outcome": outcome,
    }


def _gb(count: float) -> float:
    return float(f"{count / 1e9:.4g}")


def rows(case: Case) -> Iterator[JSON]:
    """All rows of the table."""
    limit = case.options.limit_gb * 1e9
    yield isolated(case, limit)
    fits = fitting(case.config, case.report, LARGEST, limit)
    for k in sorted({*case.options.k, fits}):
        gc.collect()
        yield packed(case, k, limit)
    gc.collect()
    yield packed(case, SQUEEZED_TRIALS)


def measure(options: argparse.Namespace) -> list[JSON]:
    """All rows of the table, told as they come."""
    names = ("model", "quantization", "r", "targets", "batch", "accumulation", "tokens")
    about = {name: getattr(options, name) for name in names}
    # the kernel of attention that a GPU has keeps no scores
    fused = patch.object(attention, "WRITTEN_OUT", 0) if options.device == "cpu" else nullcontext()
    with fused, tempfile.TemporaryDirectory() as folder:
        measured = rows(case(options, Path(folder)))
        return tell(measured, {**about, "device": device()}, options.json)


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = pack_command(__doc__, "the toy model, rows of 64 tokens", timed=False)
    parser.add_argument("--limit-gb", type=float, default=24.0)
    parser.add_argument("--batch", type=int, default=4, help="rows")
    parser.add_argument("--accumulation", type=int, default=2, help="batches a step")
    parser.add_argument("--tokens", type=int, default=512, help="of a row")
    parser.set_defaults(model="llama-3.2-3b", k=[1, 2, 4], r=64, steps=2)
    parser.set_defaults(targets=["q_proj", "k_proj", "v_proj", "o_proj"])
    options = parser.parse_args()
    if options.quick:
        options.model, options.tokens = "toy", 64
    measure(options)


if __name__ == "__main__":
    main()
