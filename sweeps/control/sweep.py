"""The course of a sweep, free of Ray: what runs next, what a report means, how a trial ends."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from search_spaces.space import build_space
from sweeps.control.kept_step import configuration, kept_by
from sweeps.control.observer import Observer, Observers
from sweeps.control.repeats import proposer_of
from sweeps.control.shared_stages import SharedStages, Taken, measured
from sweeps.control.task import Running, TrialTask, Waiting
from sweeps.early_stopping.registry import Stopper
from sweeps.failures.retries import goes_on, last_words
from sweeps.readiness.measured_rows import measured_key
from sweeps.readiness.predicted_memory import predicted_facts
from sweeps.readiness.preparation import Preparation, base_key
from sweeps.run_folder.disk_limit import DiskLimit, written_bytes
from sweeps.run_folder.entry import Entry, State, trial_name
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.record import now, record_of, stopped_at
from sweeps.run_folder.retention import settle, settle_ended
from sweeps.samplers.constraints import excess
from sweeps.samplers.failures import outcome
from sweeps.spec.sections import SweepSpec
from trainables.context import Report, check_metrics
from trainables.errors import InputError
from trainables.kinds import TrialConfig, trial_config
from trainables.rungs import RUNGS
from trainables.saved import Checkpoint

# pending trials a worker, up to which a sampler that learns is asked past those that wait
AHEAD = 2


class Sweep:
    """Suggests, records and ends trials. `restore` first where the run folder has some."""

    again = False  # whether it trains again what a search trained

    def __init__(
        self,
        spec: SweepSpec,
        ledger: Ledger,
        observers: Sequence[Observer] = (),
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.spec, self.ledger, self.say = spec, ledger, progress
        self.disk = DiskLimit(ledger.folder, spec.limits.disk_gb)
        self.space = build_space(spec.search.parameters)
        self.proposer = proposer_of(spec.search, self.space)
        self.stopper = Stopper(spec.search, self.proposer.configuration_of)
        self.preparation = Preparation(progress, ledger.note_data)
        self.shared = SharedStages(ledger, self.preparation)
        self.workers = 1  # how many trials can run at once
        self.observers = Observers(observers)
        self.waiting: deque[Waiting] = deque()
        self.running: dict[str, Running] = {}
        self.bases: set[str] = set()
        self.deaths: dict[str, int] = {}
        self.kept_by = kept_by(spec)
        self.number, self.exhausted = 0, False  # the trial suggested last; whether none follows
        self.interrupted = threading.Event()

    # --- what comes next -----------------------------------------------------------------------

    def next_task(self) -> TrialTask | None:
        """The next trial for a free worker; None where there is none (now)."""
        while not self.interrupted.is_set() and (found := self._startable()):
            self.waiting.remove(found)
            entry, checkpoint = found
            try:
                task = self._start(entry, checkpoint)
            except (ValidationError, InputError) as error:  # of a driver killed before it said so
                self._close(entry, "failed", {}, error=str(error), started=now())
                continue
            if task is not None:
                return task
        return None

    def _startable(self) -> Waiting | None:
        """The first that waits for no running trial; more are suggested where all do."""
        while True:
            running = self.running.values()
            found = next((w for w in self.waiting if not self.shared.waits(*w, running)), None)
            if found or not self._may_suggest:
                return found
            self._suggest()

    @property
    def _may_suggest(self) -> bool:
        """Whether to suggest past those that wait: not far where the sampler learns of results."""
        pending = len(self.waiting) + len(self.running)
        far = pending >= AHEAD * self.workers and self.proposer.learns
        return not self._all_suggested and not (self.waiting and far)

    def _start(self, entry: Entry, checkpoint: Checkpoint | None) -> TrialTask | None:
        """Begin a trial; None where it is stopped by what it took over from another."""
        config = entry.validated
        prepared = self.preparation.data(config)
        taken = self.shared.take(entry, checkpoint)
        if taken:
            checkpoint = taken.checkpoint
        elif checkpoint is None and not entry.is_base:
            checkpoint = self.preparation.start(config)
        task = TrialTask(entry, entry.kind, prepared, checkpoint)
        best = dict(checkpoint.state.get("best_metrics", {})) if checkpoint else {}
        self.running[entry.trial] = Running(task, now(), best)
        self.observers.tell("started", entry)
        return None if taken and self._stops(entry, taken) else task

    def _stops(self, entry: Entry, taken: Taken) -> bool:
        """Judge a trial at the rungs that it took over, as if it had come to them by itself."""
        for report, best in taken.rungs(self.stopper.metric, self.stopper.mode):
            self.running[entry.trial].best = {**measured(best), "best_step": best["step"]}
            if self._judge(entry, report):
                return True
        return False

    @property
    def over(self) -> bool:
        """Whether nothing runs and nothing will."""
        idle = not self.running
        return idle and (self.interrupted.is_set() or (self._all_suggested and not self.waiting))

    @property
    def planned(self) -> int:
        """How many trials there are to be in all."""
        return self.spec.search.trainings

    @property
    def _all_suggested(self) -> bool:
        return self.exhausted or self.number >= self.planned

    def _suggest(self) -> None:
        suggested = self.proposer.next(self.number + 1, self.spec.trial)
        if suggested is None:
            self.exhausted = True
            return
        self.number += 1
        self._enqueue(self.number, *suggested)

    def _enqueue(self, number: int, label: str | None, parameters: dict[str, Any]) -> None:
        content = configuration(self.spec.trial, parameters, self.kept_by)
        name = trial_name(number)
        try:
            config = trial_config(content)
            key = self._base_of(config)
        except (ValidationError, InputError) as error:
            entry = Entry(name, number, content, label, parameters)
            self.ledger.open(entry)
            illegal = isinstance(error, ValidationError)
            self._close(entry, "failed", {}, error=str(error), started=now(), diverged=illegal)
            return
        entry = Entry.of(name, number, config, label, parameters, key)
        self.ledger.open(entry)
        self.waiting.append((entry, None))

    def _base_of(self, config: TrialConfig) -> str:
        """The base model's key; its measurement is put in front where nobody has asked yet."""
        key = base_key(config, measured_key(config, self.preparation.data(config)))
        if key not in self.bases:
            self.bases.add(key)
            entry = Entry.of(key, 0, config)
            self.ledger.open(entry)
            self.waiting.append((entry, None))
        return key

    # --- what workers say ----------------------------------------------------------------------

    def on_report(self, trial: str, report: Report) -> bool:
        """Take a report into the ledger. True where the trial's worker is to let go of it.

        Raises MetricError.
        """
        check_metrics(report.metrics)  # again: a report that travelled was not made here
        report = replace(report, metrics={k: float(v) for k, v in report.metrics.items()})
        running = self.running[trial]
        entry = running.task.entry
        self.disk.make_room(written_bytes(report))
        self.shared.handed_over(entry, report)
        self.ledger.apply(entry, report)
        self.observers.tell("reported", entry, report)
        if report.final:
            self._end(entry, "complete", dict(report.metrics), facts=report.facts)
            return True
        running.facts = report.facts or running.facts
        if report.adapter:
            running.best = {**report.metrics, "best_step": report.step}
        if aside := self.shared.steps_aside(entry, report, self.running.values()):
            del self.running[trial]
            self.waiting.appendleft((entry, self.ledger.checkpoint(entry)))
        return aside or self._judge(entry, report)

    def _judge(self, entry: Entry, report: Report) -> bool:
        """Whether a trial is stopped at this report; it is recorded as that then."""
        if not self.stopper.stops(entry.trial, report, exempt=entry.label is not None):
            return False
        running = self.running[entry.trial]
        metrics, facts = stopped_at(report, running.best, running.facts, self.ledger.metrics(entry))
        self._end(entry, "stopped", metrics, facts=facts)
        return True

    def on_failure(
        self, trial: str, message: str, state: State = "failed", diverged: bool = False
    ) -> None:
        """A trial raised, or did not fit: it is recorded so, and the sweep goes on. Where it
        `diverged` samplers learn that its configuration is bad."""
        entry = self.running[trial].task.entry
        self._end(entry, state, {}, error=message, diverged=diverged)

    def on_death(self, trial: str, why: str, state: State = "failed", counts: bool = True) -> None:
        """A worker died: its trial goes on elsewhere, or ends in `state` after `limits.retries`."""
        if trial not in self.running or self.interrupted.is_set():
            return
        entry = self.running[trial].task.entry
        deaths = self.deaths[trial] = self.deaths.get(trial, 0) + counts
        if not goes_on(deaths, self.spec.limits.retries):
            self.on_failure(trial, last_words(deaths, why), state)
            return
        del self.running[trial]
        self.waiting.appendleft((entry, self._rewind(entry)))

    # --- from the ledger -----------------------------------------------------------------------

    def restore(self, retry_failed: bool = False) -> None:
        """Take over everything that the run folder holds; unfinished trials come first."""
        self.kept_by = kept_by(self.spec, self.ledger.entries())
        for entry in self.ledger.entries():
            record = self.ledger.record(entry)
            if record and retry_failed and record["state"] in ("failed", "infeasible"):
                self.ledger.reopen(entry)
                record = None
            if entry.is_base:
                self.bases.add(entry.trial)
            else:
                self.number = max(self.number, entry.number)
                self.proposer.adopt(entry.number, entry.parameters)
            if record is None:
                self.waiting.append((entry, self._rewind(entry)))
            self._replay(entry, record)
        # those under way first: others may wait for what they train
        order = sorted(self.waiting, key=lambda pair: not pair[0].is_base and pair[1] is None)
        self.waiting = deque(order)
        if not self.over:  # a folder in which nothing is left to do is not touched
            settle_ended(self.ledger, self.spec.limits.keep_checkpoints)

    def _rewind(self, entry: Entry) -> Checkpoint | None:
        checkpoint = self.ledger.checkpoint(entry)
        self.ledger.cut_back(entry, checkpoint.step if checkpoint else 0)
        return checkpoint

    def _replay(self, entry: Entry, record: dict[str, Any] | None) -> None:
        for rung, value in self.ledger.rungs(entry, self.stopper.metric):
            self.stopper.record(entry.trial, rung, value)
        if record:
            self._tell(entry, record)

    # --- how trials end ------------------------------------------------------------------------

    def _end(self, entry: Entry, state: State, metrics: dict[str, Any], **rest: Any) -> None:
        running = self.running.pop(entry.trial)
        predicted = predicted_facts(entry, running.task.prepared.report)
        rest["facts"] = {**predicted, **rest.get("facts", {})}
        if state != "complete":
            self.shared.left(entry)
        self._close(entry, state, metrics, started=running.started, node=running.node, **rest)

    def _close(self, entry: Entry, state: State, metrics: dict[str, Any], **rest: Any) -> None:
        sought = () if entry.is_base else tuple(o.metric for o in self.spec.search.objectives)
        record = record_of(entry, state, metrics, sought, **rest)
        self.ledger.close(entry, record)
        settle(self.ledger.path(entry), record["state"], self.spec.limits.keep_checkpoints)
        self._tell(entry, record)
        self.observers.tell("finished", entry, record)

    def _tell(self, entry: Entry, record: dict[str, Any]) -> None:
        self.stopper.allow(record.get("noise_floor", {}))  # of a base model
        if entry.is_base:
            return
        objectives, metrics = self.spec.search.objectives, record["metrics"]
        values = [metrics[o.metric] for o in objectives] if record["state"] == "complete" else None
        rungs = {RUNGS.index(r): v for r, v in self.ledger.rungs(entry, objectives[0].metric)}
        beyond = excess(self.spec.search.selection.bounds, metrics)
        self.proposer.tell(entry.number, outcome(record), values, rungs, beyond)
