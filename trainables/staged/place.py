"""Where each stage stands in its trial: pure arithmetic on the planned steps of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainables.kinds import PAIRED
from trainables.staged.config import StagedConfig
from trainables.training.evaluation_times import planned_steps

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared

StageRecord = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a stage stands in its trial."""

    name: str
    kind: str
    offset: int  # planned steps of the stages before
    own_steps: int  # planned
    all_steps: int  # planned, of the whole trial
    last: bool
    before: tuple[StageRecord, ...] = ()  # the records of the stages before
    taken: StageRecord | None = (
        None  # where another trial trained a part of it: whose, and its seconds
    )

    @property
    def seconds(self) -> float:
        """Those of the stages before."""
        return sum(float(record["elapsed"]) for record in self.before)


def places_of(config: StagedConfig, rows: Sequence["Prepared"]) -> list[Place]:
    """A place for each stage; `rows` are each stage's own, drawn."""
    pairs = zip(config.stages, rows, strict=True)
    planned = [
        planned_steps(stage.training, len(own.train) // (2 if stage.kind in PAIRED else 1))
        for stage, own in pairs
    ]
    return [
        Place(
            name=stage.name,
            kind=stage.kind,
            offset=sum(planned[:number]),
            own_steps=planned[number],
            all_steps=sum(planned),
            last=number == len(planned) - 1,
        )
        for number, stage in enumerate(config.stages)
    ]
