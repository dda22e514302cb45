"""One trial's optimizer step as well made as it can be without packing: what a pack must beat.

PEFT's adapter on the same base, rows of one length, logits of the answers alone, the fused kernel
of attention, one fused AdamW over all weights, in float32 beside the copies in the base's precision
that the model computes with. On a GPU the whole step is recorded once as a CUDA graph and replayed,
so that it waits for no launch. Two things are left out that the engines do, in its favour: its
learning rate is constant, and it reads no loss.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from trainables.data.prepared import Prepared
from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.models.trained import named_trainable, opened
from trainables.sft.config import SFTConfig
from trainables.throughput.isolated import now
from trainables.training.order import step_batches

NAME = "medsweep_causal"
WARM = 3  # steps before the capture: libraries make their workspaces in them


class SoloStep:
    """An optimizer step of a trial whose rows all have one length and one place of the answer.

    `loss` is the mean over the answers' tokens in nats, on the device.
    """

    def __init__(self, model: Any, config: SFTConfig, rows: TokenRows) -> None:
        self.model, self.config, self.rows = model.train(), config, rows
        self.device = model.device
        (length,), (start,) = set(rows.lengths().tolist()), set(rows.answer_start.tolist())
        self.answer = length - start  # tokens of each row's answer
        batch = config.training.per_device_train_batch_size
        self.tokens = torch.zeros(batch, length, dtype=torch.long, device=self.device)
        self.loss = torch.zeros((), device=self.device)
        self._flatten([*named_trainable(model).values()])
        self.optimizer = _optimizer(config, self.master)

    def _flatten(self, weights: list[torch.nn.Parameter]) -> None:
        """Give the adapter's matrices one vector in float32, and one in the base's precision."""
        self.weights = weights
        flat = torch.cat([w.detach().reshape(-1) for w in weights])
        self.begin = flat.clone()
        self.master = torch.nn.Parameter(flat)
        self.master.grad = torch.zeros_like(flat)
        self.work = flat.to(self.model.dtype)
        sizes = [w.numel() for w in weights]
        shapes = [w.shape for w in weights]
        for weight, own in zip(weights, self.work.split(sizes), strict=True):
            weight.data = own.view(weight.shape)
        own = zip(self.master.grad.split(sizes), shapes, strict=True)
        self.gradients = [part.view(shape) for part, shape in own]

    def take(self, step: int) -> None:
        """Put the tokens of the step's rows, counted from 0, where `run` reads them."""
        t = self.config.training
        (batch,) = step_batches(len(self.rows), t.per_device_train_batch_size, 1, t.seed, step)
        rows = [torch.from_numpy(self.rows.row(i)) for i in batch]
        self.tokens.copy_(torch.stack(rows), non_blocking=True)

    def run(self) -> None:
        """Forward, backward, clip, update: nothing in it waits for the device."""
        # slices, not positions: their gradient needs no sorting
        out = self.model(self.tokens, use_cache=False, logits_to_keep=self.answer + 1)
        logits = out.logits[:, :-1].flatten(0, 1).float()
        loss = cross_entropy(logits, self.tokens[:, -self.answer :].flatten())
        torch._foreach_copy_(self.gradients, torch.autograd.grad(loss, self.weights))
        torch.nn.utils.clip_grad_norm_([self.master], self.config.training.max_grad_norm)
        self.optimizer.step()
        self.work.copy_(self.master.detach())
        self.loss = loss.detach()

    def restart(self) -> None:
        """Undo all steps."""
        self.master.data.copy_(self.begin)
        self.work.copy_(self.begin)
        for tensor in self.optimizer.state[self.master].values():
            tensor.zero_()


def _optimizer(config: SFTConfig, master: torch.nn.Parameter) -> torch.optim.Optimizer:
    t = config.training
    return torch.optim.AdamW(
        [master],
        lr=t.learning_rate,
        betas=(t.adam_beta1, t.adam_beta2),
        eps=t.adam_epsilon,
        weight_decay=t.weight_decay,
        fused=True,
        capturable=master.is_cuda,
    )


@contextmanager
def solo_step(base: Base, config: SFTConfig, rows: TokenRows) -> Iterator[SoloStep]:
    """A fresh trial's step; the base is left as it was."""
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    # under another name: for `sdpa` itself transformers makes a mask while a graph is recorded,
    # and then the fused kernel is not taken
    AttentionInterface.register(NAME, sdpa_attention_forward)
    with opened(base, config.lora, config.training.seed) as model:  # puts configurations back too
        base.model.config.get_text_config()._attn_implementation = NAME
        yield SoloStep(model, config, rows)


def recorded(step: SoloStep) -> Callable[[], None]:
    """Replays the step as one CUDA graph; the trial is where it began."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM):
            step.run()
    torch.cuda.current_stream().wait_stream(aside)
    step.restart()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step.run()
    return graph.replay


def solo_seconds(
    base: Base, trials: Sequence[tuple[SFTConfig, Prepared]], warm: int, steps: int, graph: bool
) -> list[float]:
    """Seconds of each optimizer step of one trial, after `warm` others."""
    ((config, data),) = trials
    taken = []
    with solo_step(base, config, data.train) as step:
        run = recorded(step) if graph else step.run
        for number in range(warm + steps):
            began = now()
            step.take(number)
            run()
            taken.append(now() - began)
    return taken[warm:]
