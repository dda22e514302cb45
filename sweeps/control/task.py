"""A trial on its way: what a worker is given, and what the driver remembers of one that runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sweeps.run_folder.entry import Entry
from trainables.saved import Checkpoint

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared


Waiting = tuple[Entry, Checkpoint | None]


@dataclass(frozen=True)
class TrialTask:
    """A trial, ready to be handed to a worker."""

    entry: Entry
    kind: str  # of `trainables.kinds.TRAIN`
    prepared: "Prepared"
    checkpoint: Checkpoint | None


@dataclass
class Running:
    """What the driver remembers of a trial between its reports."""

    task: TrialTask
    started: str
    best: dict[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)  # of its newest evaluation
    node: str | None = None  # the address of the node that it runs on
