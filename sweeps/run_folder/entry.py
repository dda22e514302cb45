"""One line of the ledger: a trial (or the untouched base model) as it was planned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

from trainables.kinds import TrialConfig, trial_config

State = Literal["complete", "stopped", "failed", "infeasible"]


@dataclass(frozen=True)
class Entry:
    """What `config.json` holds. `number` is 0 for a base model.

    `config` stays as it is written: one that is no legal trial is recorded too, as failed.
    """

    trial: str  # EXP-001, or the key of a base model
    number: int
    config: dict[str, Any]  # the trial's resolved configuration, as JSON
    label: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)  # dotted path → value
    base: str | None = None  # the key of the base model that this trial is compared with

    @classmethod
    def of(
        cls,
        trial: str,
        number: int,
        config: TrialConfig,
        label: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        base: str | None = None,
    ) -> Self:
        """The entry of a configuration that was validated already: it is not validated again."""
        written = config.model_dump(mode="json")
        entry = cls(trial, number, written, label, dict(parameters or {}), base)
        vars(entry)["validated"] = config  # where cached_property keeps it
        return entry

    @cached_property
    def validated(self) -> TrialConfig:
        """The configuration, typed; validated at the first use and never again.

        Raises pydantic's ValidationError, and InputError for a kind that does not exist.
        """
        return trial_config(self.config)

    @property
    def is_base(self) -> bool:
        """Whether this measures an untouched base model."""
        return self.number == 0

    @property
    def kind(self) -> str:
        """Its function's name in `trainables.kinds.TRAIN`. Raises as `validated`."""
        return "base_model" if self.is_base else self.validated.kind

    @property
    def called(self) -> str:
        """As a person calls it: a base model has no number, and its key says nothing."""
        return "base model" if self.is_base else self.trial

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
