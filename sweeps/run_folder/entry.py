"""One line of the ledger: a trial (or the untouched base model) as it was planned."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["complete", "stopped", "failed", "infeasible"]


@dataclass(frozen=True)
class Entry:
    """What `config.json` holds. `number` is 0 for a base model."""

    trial: str  # EXP-001, or the key of a base model
    number: int
    config: dict[str, Any]  # the trial's resolved configuration
    label: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)  # dotted path → value
    base: str | None = None  # the key of the base model that this trial is compared with

    @property
    def is_base(self) -> bool:
        """Whether this measures an untouched base model."""
        return self.number == 0

    @property
    def folder(self) -> str:
        """Its folder within the run folder."""
        return f"base/{self.trial}" if self.is_base else f"trials/{self.trial}"

    def to_json(self) -> dict[str, Any]:
        """As written to config.json."""
        return asdict(self)


def trial_name(number: int) -> str:
    """EXP-001 for 1."""
    return f"EXP-{number:03d}"
