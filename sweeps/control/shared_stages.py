"""Trials that share a stage's configuration share its result: it is trained once, in one of them.

A stage's result is what its trial hands over to the next stage, kept under a hash of all that
determines it. A trial whose next stage another one is training waits for it; once that trial is
gone, whatever became of it, the first that waits goes on from where it came.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from sweeps.readiness.preparation import Preparation
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.stage_store import StageStore, Stored
from sweeps.run_folder.weights import read_adapter
from trainables.context import Report
from trainables.errors import InputError
from trainables.evaluation.metric_names import metric_named
from trainables.saved import Checkpoint
from trainables.staged.config import StagedConfig
from trainables.staged.place import places_of
from trainables.staged.shared import as_beginning_of, is_hand_over, lines_of, reached, stage_keys

if TYPE_CHECKING:
    from trainables.staged.place import Place


class Taken(NamedTuple):
    """What a trial took over: where it goes on, all lines until there, and up to which step it had
    reported them itself."""

    checkpoint: Checkpoint
    lines: list[dict[str, Any]]
    since: int

    def rungs(self, metric: str, mode: str) -> Iterator[tuple[Report, dict[str, Any]]]:
        """What it would have reported of a metric at the rungs, each with the best line of that
        stage until then."""
        sign = 1 if mode == "min" else -1
        for line in self.lines:
            if "rung" in line and metric in line and line["step"] > self.since:
                place = self._stage_of(line["step"])
                before = [x for x in self.lines if metric in x and x["step"] <= line["step"]]
                alike = [x for x in before if self._stage_of(x["step"]) == place]
                yield self._report(line, place), min(alike, key=lambda x: sign * x[metric])

    def _stage_of(self, step: int) -> int:
        """The number of the stage, from 0, that this step was trained in."""
        ends = accumulate(record["planned_steps"] for record in self._finished)
        return sum(end < step for end in ends)

    @property
    def _finished(self) -> list[dict[str, Any]]:
        return list(self.checkpoint.state.get("finished", ()))

    def _report(self, line: dict[str, Any], place: int) -> Report:
        names = [*(record["name"] for record in self._finished), self.checkpoint.state["stage"]]
        facts = {"stage": names[place], "stages": self._finished[:place]}
        shared = {"shared_seconds": line["seconds"]}
        return Report(
            step=line["step"],
            planned_steps=line["planned_steps"],
            metrics=measured(line),
            seconds=line["seconds"],
            rung=line["rung"],
            facts={**facts, **shared},
        )


def measured(line: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a line of metrics.jsonl."""
    return {name: value for name, value in line.items() if metric_named(name)}


class SharedStages:
    """Which stages are trained, by whom, and which trials wait for them."""

    def __init__(self, ledger: Ledger, preparation: Preparation) -> None:
        self._ledger, self._preparation = ledger, preparation
        self._store = StageStore(ledger.folder)
        self._keys: dict[str, tuple[str, ...]] = {}

    def waits(self, entry: Entry, checkpoint: Checkpoint | None, running: Iterable[Entry]) -> bool:
        """Whether a running trial is training the stage that this one would go on with.

        Nothing waits for a trial that is not running, so where nothing runs nothing waits.
        """
        keys = self._keys_of(entry)
        far = max([reached(checkpoint), *map(self._store.reached, keys)])
        following = keys[far[0] : far[0] + 1]
        return any(key in self._keys_of(other) for other in running for key in following)

    def handed_over(self, entry: Entry, report: Report) -> None:
        """Keep a stage's result. Comes before the trial's own checkpoint: a trial that is past a
        stage has left its result to the others."""
        if report.checkpoint and is_hand_over(report.checkpoint):
            self._keep(entry, report.checkpoint, reached(report.checkpoint)[0] - 1)

    def left(self, entry: Entry) -> None:
        """Keep what a trial that ends before its time has of a stage; comes before its record."""
        checkpoint = self._ledger.checkpoint(entry) if self._keys_of(entry) else None
        if checkpoint:
            self._keep(entry, checkpoint, reached(checkpoint)[0])

    def take(self, entry: Entry, checkpoint: Checkpoint | None) -> Taken | None:
        """Give a trial the longest beginning that is stored, where that is more than it has."""
        for key in sorted(self._keys_of(entry), key=self._store.reached, reverse=True):
            if self._store.reached(key) <= reached(checkpoint):
                return None
            if stored := self._store.read(key):
                return self._begin(entry, checkpoint, stored)
        return None

    # --- within --------------------------------------------------------------------------------

    def _keep(self, entry: Entry, checkpoint: Checkpoint, stage: int) -> None:
        keys = self._keys_of(entry)
        if stage < len(keys):
            lines = [x for x in self._ledger.metrics(entry) if x["step"] <= checkpoint.step]
            adapter = read_adapter(self._ledger.path(entry))
            self._store.keep(keys[stage], Stored(entry.trial, checkpoint, lines, adapter))

    def _begin(self, entry: Entry, checkpoint: Checkpoint | None, stored: Stored) -> Taken:
        places = self._places(entry)
        own = as_beginning_of(entry.trial, places, stored.checkpoint, stored.leader)
        lines = lines_of(places, stored.lines)
        self._ledger.begin(entry, own, lines, stored.adapter)
        begun = self._ledger.checkpoint(entry)
        assert begun is not None, "it was written a moment ago"
        return Taken(begun, lines, checkpoint.step if checkpoint else 0)

    def _places(self, entry: Entry) -> "list[Place]":
        from trainables.data.prepared import own_rows

        config = entry.validated
        assert isinstance(config, StagedConfig), "trials of other kinds have no keys"
        whole = self._preparation.data(config)
        return places_of(config, own_rows(whole, config).stages)

    def _keys_of(self, entry: Entry) -> tuple[str, ...]:
        if entry.trial not in self._keys:
            self._keys[entry.trial] = self._made_keys(entry)
        return self._keys[entry.trial]

    def _made_keys(self, entry: Entry) -> tuple[str, ...]:
        if entry.is_base:
            return ()
        try:
            config = entry.validated
            if not isinstance(config, StagedConfig):
                return ()
            data = self._preparation.data(config)
        except (ValidationError, InputError):  # told where the trial starts
            return ()
        return stage_keys(config, data.key + data.general_key)
