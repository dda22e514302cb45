"""Trials that share a stage's configuration share its result: it is trained once, in one of them.

A stage's result is what its trial hands over to the next stage, kept under a hash of all that
determines it: of the stages up to it, or of the stage alone where it needs none before it. A trial
whose next stage another one is training waits for it, and leaves its worker to others; once that
trial is gone, whatever became of it, the first that waits goes on from where it came.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from sweeps.control.task import Running
from sweeps.readiness.preparation import Preparation
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.stage_store import StageStore, Stored
from sweeps.run_folder.weights import read_adapter
from trainables.context import Report
from trainables.errors import InputError
from trainables.evaluation.metric_names import metric_named
from trainables.saved import Checkpoint
from trainables.staged.alone import alone_keys, cut_out, lines_behind, put_behind
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


class StageKey(NamedTuple):
    """What a stage's result is kept under: with all stages before it, and by itself where it needs
    none of them."""

    beginning: str
    alone: str | None


def measured(line: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a line of metrics.jsonl."""
    return {name: value for name, value in line.items() if metric_named(name)}


class SharedStages:
    """Which stages are trained, by whom, and which trials wait for them."""

    def __init__(self, ledger: Ledger, preparation: Preparation) -> None:
        self._ledger, self._preparation = ledger, preparation
        self._store = StageStore(ledger.folder)
        self._keys: dict[str, tuple[StageKey, ...]] = {}
        self._in_stage: dict[str, int] = {}  # trial → the stage that it is in or begins

    def waits(
        self, entry: Entry, checkpoint: Checkpoint | None, running: Iterable[Running]
    ) -> bool:
        """Whether a running trial is training the stage that this one would go on with.

        Nothing waits for a trial that is not running, so where nothing runs nothing waits.
        """
        keys = self._keys_of(entry)
        following = keys[self._far(keys, checkpoint) :][:1]
        return any(self._trains(other.task.entry, key) for other in running for key in following)

    def handed_over(self, entry: Entry, report: Report) -> None:
        """Keep a stage's result. Comes before the trial's own checkpoint: a trial that is past a
        stage has left its result to the others."""
        if report.checkpoint and is_hand_over(report.checkpoint):
            self._in_stage[entry.trial] = reached(report.checkpoint)[0]
            self._keep(entry, report.checkpoint, reached(report.checkpoint)[0] - 1)

    def steps_aside(self, entry: Entry, report: Report, running: Iterable[Running]) -> bool:
        """Whether a trial that has ended a stage is to leave its worker: another one trains its
        next stage, or has trained of it what this one takes over when it comes back."""
        if not (report.checkpoint and is_hand_over(report.checkpoint)):
            return False
        place = reached(report.checkpoint)[0]
        for key in self._keys_of(entry)[place : place + 1]:
            if key.alone:
                there = self._store.reached(key.alone) > (0, 0)
                others = (r.task.entry for r in running if r.task.entry.trial != entry.trial)
                return there or any(self._trains(other, key) for other in others)
        return False

    def left(self, entry: Entry) -> None:
        """Keep what a trial that ends before its time has of a stage; comes before its record."""
        checkpoint = self._ledger.checkpoint(entry) if self._keys_of(entry) else None
        if checkpoint:
            self._keep(entry, checkpoint, reached(checkpoint)[0])

    def take(self, entry: Entry, checkpoint: Checkpoint | None) -> Taken | None:
        """Give a trial the longest beginning that is stored, and the stages behind it that stand
        alone, where that is more than it has."""
        since = checkpoint.step if checkpoint else 0
        taken = self._beginning(entry, checkpoint)
        checkpoint = taken.checkpoint if taken else checkpoint
        while more := self._next_alone(entry, checkpoint):
            taken, checkpoint = more, more.checkpoint
        self._in_stage[entry.trial] = reached(checkpoint)[0]
        return taken._replace(since=since) if taken else None

    # --- within --------------------------------------------------------------------------------

    def _far(self, keys: Sequence[StageKey], checkpoint: Checkpoint | None) -> int:
        """How many stages a trial with these keys and this checkpoint has behind it, with all that
        it can take over."""
        far, _ = max([reached(checkpoint), *(self._store.reached(key.beginning) for key in keys)])
        while keys[far:] and (alone := keys[far].alone) and self._store.reached(alone)[0]:
            far += 1
        return far

    def _trains(self, other: Entry, key: StageKey) -> bool:
        """Whether a running trial is in this stage, or in one before it of the same beginning."""
        keys = self._keys_of(other)
        if key.alone is None:
            return key.beginning in [own.beginning for own in keys]
        place = self._in_stage.get(other.trial, 0)
        return key.alone in [own.alone for own in keys[place : place + 1]]

    def _keep(self, entry: Entry, checkpoint: Checkpoint, stage: int) -> None:
        keys = self._keys_of(entry)
        if stage >= len(keys):
            return
        lines = [x for x in self._ledger.metrics(entry) if x["step"] <= checkpoint.step]
        adapter, key = read_adapter(self._ledger.path(entry)), keys[stage].beginning
        if alone := keys[stage].alone:
            key = alone
            checkpoint, lines = cut_out(stage, self._places(entry), checkpoint, lines)
        self._store.keep(key, Stored(entry.trial, checkpoint, lines, adapter))

    def _beginning(self, entry: Entry, checkpoint: Checkpoint | None) -> Taken | None:
        keys = [key.beginning for key in self._keys_of(entry)]
        for key in sorted(keys, key=self._store.reached, reverse=True):
            if self._store.reached(key) <= reached(checkpoint):
                return None
            if stored := self._store.read(key):
                places = self._places(entry)
                own = as_beginning_of(entry.trial, places, stored.checkpoint, stored.leader)
                return self._begin(entry, own, stored.lines, stored)
        return None

    def _next_alone(self, entry: Entry, checkpoint: Checkpoint | None) -> Taken | None:
        """What is stored of a trial's next stage, where that stands alone and is more than it has
        of it."""
        place, steps = reached(checkpoint)
        key = next((key.alone for key in self._keys_of(entry)[place : place + 1]), None)
        if key is None or self._store.reached(key) <= (0, steps):
            return None
        if (stored := self._store.read(key)) is None:
            return None
        before = checkpoint or self._preparation.start(entry.validated)
        places = self._places(entry)
        own = put_behind(entry.trial, places, before, stored.checkpoint, stored.leader)
        start = places[place].offset
        had = [x for x in self._ledger.metrics(entry) if checkpoint and x["step"] <= start]
        return self._begin(entry, own, [*had, *lines_behind(places, before, stored.lines)], stored)

    def _begin(
        self, entry: Entry, own: Checkpoint, lines: Sequence[Mapping[str, Any]], stored: Stored
    ) -> Taken:
        """Write what a trial takes over as its own."""
        of_trial = lines_of(self._places(entry), lines)
        self._ledger.begin(entry, own, of_trial, stored.adapter)
        begun = self._ledger.checkpoint(entry)
        assert begun is not None, "it was written a moment ago"
        return Taken(begun, of_trial, 0)

    def _places(self, entry: Entry) -> "list[Place]":
        from trainables.data.prepared import own_rows

        config = entry.validated
        assert isinstance(config, StagedConfig), "trials of other kinds have no keys"
        whole = self._preparation.data(config)
        return places_of(config, own_rows(whole, config).stages)

    def _keys_of(self, entry: Entry) -> tuple[StageKey, ...]:
        if entry.trial not in self._keys:
            self._keys[entry.trial] = self._made_keys(entry)
        return self._keys[entry.trial]

    def _made_keys(self, entry: Entry) -> tuple[StageKey, ...]:
        if entry.is_base:
            return ()
        try:
            config = entry.validated
            if not isinstance(config, StagedConfig):
                return ()
            data = self._preparation.data(config)
        except (ValidationError, InputError):  # told where the trial starts
            return ()
        beginnings = stage_keys(config, data.key + data.general_key)
        alone = alone_keys(config, [stage.own_key + stage.general_key for stage in data.stages])
        return tuple(map(StageKey, beginnings, alone))
