"""A trial's loss scale in float16 training, whose small gradients would else vanish.

Micikevicius et al. 2018, arXiv:1710.03740; numbers and state as torch.amp.GradScaler has them, so
that either engine takes the other's checkpoints.
"""

from typing import Any

GROWTH, BACKOFF, INTERVAL = 2.0, 0.5, 2000


class LossScale:
    """Multiplies the loss; halved after a gradient that is not finite (whose update is skipped),
    doubled after 2000 finite ones."""

    def __init__(self, scale: float = 65536.0) -> None:
        self.scale, self.finite_steps = scale, 0

    def update(self, finite: bool) -> None:
        """Note whether the gradient of a step was finite."""
        self.finite_steps = self.finite_steps + 1 if finite else 0
        if not finite:
            self.scale *= BACKOFF
        elif self.finite_steps == INTERVAL:
            self.scale, self.finite_steps = self.scale * GROWTH, 0

    def state_dict(self) -> dict[str, Any]:
        """As GradScaler's."""
        return {
            "scale": self.scale,
            "growth_factor": GROWTH,
            "backoff_factor": BACKOFF,
            "growth_interval": INTERVAL,
            "_growth_tracker": self.finite_steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """As GradScaler's."""
        self.scale, self.finite_steps = float(state["scale"]), int(state["_growth_tracker"])
