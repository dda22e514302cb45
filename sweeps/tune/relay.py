"""Between Ray Tune's callbacks and the sweep: which Tune trial runs which of ours, and what its
worker said."""

import math
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray.tune.search import Searcher

from cluster.placement import Placement
from sweeps.control.sweep import Sweep
from sweeps.failures.deaths import BY_KERNEL, cause, kernel_kills, log_of
from sweeps.failures.out_of_memory import killed_for_memory
from sweeps.failures.raised import Failure, diverged
from sweeps.failures.retries import follows
from sweeps.failures.shared_reason import ended_by, of_all_trials
from sweeps.run_folder.entry import State
from sweeps.run_folder.error_log import at_length, note_error
from sweeps.tune.pack_actor import Hosts
from sweeps.tune.worker import Order, as_opaque_text
from trainables.context import MetricError, Report


def _logs() -> Path | None:
    """Where Ray's logs of this machine are; None without a Ray."""
    from ray._private import worker

    return Path(worker._global_node.get_logs_dir_path()) if worker._global_node else None


class LastWords(NamedTuple):
    """What is known of a death: a line, the state where it was one too many, and whether it counts
    (not where another trial of the same process was to blame)."""

    message: str
    state: State = "failed"
    counts: bool = True


class Relay:
    """Which Tune trial runs which of ours, and the first error of our own code.

    An exception (but Ctrl-C) inside Tune's callbacks would end the sweep in Tune's words; it is
    kept here, the sweep is stopped, and `run_tune` raises it.
    """

    def __init__(self, sweep: Sweep, placement: Placement, hosts: Hosts | None) -> None:
        self.sweep, self.placement, self.hosts = sweep, placement, hosts
        self.names: dict[str, str] = {}
        self._begun: Counter[str] = Counter()  # how often each of our trials was ordered
        self.error: Exception | None = None
        self._references: dict[str, Any] = {}
        self._kernel_kills = kernel_kills()
        self._last_words: dict[str, LastWords] = {}  # of dying processes, by Tune trial

    def __reduce__(self) -> tuple[type[object], tuple[()]]:
        """Tune pickles what it holds into snapshots that nobody reads: an empty object does."""
        return (object, ())

    def order(self, tune_id: str) -> dict[str, Any] | str | None:
        """The next trial's config; None for now, FINISHED for ever."""
        if self.error or self.sweep.over:
            return str(Searcher.FINISHED)
        if len(self.names) >= self.placement.concurrent:
            return None
        task = self.sweep.next_task()
        if task is None:
            return str(Searcher.FINISHED) if self.sweep.over else None
        self.names[tune_id] = name = task.entry.trial
        self._begun[name] += 1
        key = task.prepared.key + task.prepared.general_key
        if key not in self._references:
            self._references[key] = ray.put(task.prepared)
        data = self._references[key]
        checkpoint = ray.put(task.checkpoint) if task.checkpoint else None
        threads = max(1, math.floor(self.placement.cpus_per_trial))
        order = Order(
            kind=task.kind,
            config=task.entry.config,
            prepared=data,
            checkpoint=checkpoint,
            threads=threads,
            name=self._hosted(name),
            hosts=self.hosts,
            hang_minutes=self.sweep.spec.limits.hang_minutes,
        )
        return {"order": as_opaque_text(order)}

    def result(self, tune_id: str, result: Report | Failure | None) -> bool:
        """Take what a worker sent; True where its trial is over."""
        hosted = self._hosted(self.names[tune_id])
        if isinstance(result, Report):  # whatever was said of its process, it lives
            self._last_words.pop(tune_id, None)
        over = self._taken(tune_id, self.names[tune_id], result)
        if over:
            self._let_go(hosted)
        return over

    def _hosted(self, name: str) -> str:
        """What a trial is called in its pack: one that comes back is not to be taken for itself, as
        its former worker still lets go of."""
        times = self._begun[name]
        return name if times < 2 else f"{name} ({times})"

    def _let_go(self, name: str) -> None:
        """Out of its pack at once: Tune tells a worker only when it has another trial for it."""
        for host in (self.hosts or {}).values():
            host.stop.remote(name)

    def _taken(self, tune_id: str, name: str, result: Report | Failure | None) -> bool:
        if self.error:
            return True
        if isinstance(result, Failure) and result.poisoned:
            self._note(name, result.message, result.traceback)
            self._last_words[tune_id] = LastWords(result.message, result.state, result.counts)
            return False  # the worker ends at its next step: see TuneWorker.step
        if isinstance(result, Failure):
            # of a training that diverged no line of code is to blame
            self._note(name, result.message, "" if result.diverged else result.traceback)
            self._end_of_all(name, result)
            self.sweep.on_failure(name, result.message, result.state, result.diverged)
            return True
        if not isinstance(result, Report):
            self.sweep.on_failure(name, f"the worker sent no report but {result!r}")
            return True
        try:
            return self.sweep.on_report(name, result)
        except MetricError as problem:
            self.sweep.on_failure(name, str(problem), diverged=diverged(problem))
            return True

    def _end_of_all(self, name: str, found: Failure) -> None:
        """Raise SweepError where every trial would end as the base model just did."""
        sweep = self.sweep
        entry = sweep.running[name].task.entry
        if of_all_trials(entry, found, sweep.bases, sweep.space):
            records = map(sweep.ledger.record, sweep.ledger.entries())
            failed = any(record and record["state"] == "failed" for record in records)
            raise ended_by(found, sweep.ledger.folder, failed)

    def _note(self, name: str | None, line: str, detail: str) -> None:
        """Keep an error at length where a trial is still there to have it."""
        running = self.sweep.running.get(name or "")
        if running is not None:
            note_error(self.sweep.ledger.path(running.task.entry), line, detail)

    def placed(self, tune_id: str, node: str | None) -> None:
        """Note the address of the node that a trial runs on."""
        running = self.sweep.running.get(self.names[tune_id])
        if running is not None:
            running.node = node

    def stood_still(self, hosted: str, message: str) -> None:
        """Note why the process of a trial (as `_hosted` calls it; "": of all in a pack) is ended
        from here. Called by another thread."""
        for tune_id, name in list(self.names.items()):
            if hosted in ("", self._hosted(name)):
                self._last_words.setdefault(tune_id, LastWords(message))

    def killed(self, tune_id: str, report: str) -> None:
        """Note what Ray says of a worker's death: at length in the trial's folder, and by itself
        where the worker said nothing."""
        self._note(self.names.get(tune_id), "its worker died", report)
        if killed_for_memory(report):
            message = "Ray killed it, for its node was running out of memory"
            self._last_words.setdefault(tune_id, LastWords(message, "infeasible"))
            return
        kills = kernel_kills()
        said = cause(log_of(report, _logs()), kills > self._kernel_kills)
        self._kernel_kills = kills
        state: State = "infeasible" if said == BY_KERNEL else "failed"
        self._last_words.setdefault(tune_id, LastWords(said, state))

    def end(self, tune_id: str, died: bool, message: str = "") -> None:
        """A Tune trial is gone."""
        name = self.names.pop(tune_id, None)
        last = self._last_words.pop(tune_id, LastWords(message))
        if died and name is not None and not self.error:
            self.sweep.on_death(name, last.message, last.state, last.counts)
            self._say_what_follows(name, last.message)

    def _say_what_follows(self, name: str, message: str) -> None:
        """Where a trial that died goes on; of one that ended, observers are told."""
        sweep = self.sweep
        again = next((pair for pair in sweep.waiting if pair[0].trial == name), None)
        if again:
            entry, checkpoint = again
            more = at_length(sweep.ledger.path(entry))
            sweep.say(f"{entry.called}: {follows(message, checkpoint)}{more}")

    def keep(self, error: Exception) -> None:
        """Remember the first error of our own."""
        self.error = self.error or error
