"""What a trial leaves behind: adapters, checkpoints, and how it may end before its time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class TrialStopped(Exception):
    """The sweep wants no more of this trial."""


class TrialFailed(Exception):
    """The trial cannot go on; the message is for the person who reads the results."""


class Diverged(TrialFailed):
    """Training went wrong for what the configuration is: another configuration may train."""


@dataclass(frozen=True)
class SavedAdapter:
    """A PEFT adapter: its `adapter_config.json` and the bytes of its safetensors file.

    Where all weights are trained (`whole`): the model's `config.json` and its weights.
    """

    config: dict[str, Any]
    weights: bytes
    whole: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """All that is needed to go on: safetensors bytes and a JSON state (step, seeds, sums).

    At step 0 it is an adapter to start from (or none: no bytes), without optimizer moments.
    `frozen` are adapters that the trial needs and does not train, by role: `reference` (the policy
    that PPO is held to) and `reward_model`.
    """

    adapter: bytes
    optimizer: bytes
    state: dict[str, Any]
    best_adapter: bytes | None = None  # of the best step so far; the reader fills it in
    frozen: Mapping[str, SavedAdapter] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return int(self.state["step"])
