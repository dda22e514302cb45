"""A confirmation as a sweep: its trials are those of the search, again, with other seeds."""

from collections.abc import Callable
from typing import Any

from sweeps.confirmation.again import again, run_name, run_of
from sweeps.confirmation.asked import Asked
from sweeps.confirmation.course import Course, Judge, Run
from sweeps.confirmation.results import Results
from sweeps.control.sweep import Sweep
from sweeps.early_stopping.registry import Stopper
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from trainables.kinds import trial_config


class Confirmation(Sweep):
    """Runs what `course` says is due. `restore` first: the search is in the run folder."""

    again = True

    def __init__(
        self,
        spec: SweepSpec,
        ledger: Ledger,
        asked: Asked,
        judge: Judge,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(spec, ledger, progress=progress)
        # a run that was stopped early would be no repeat of one that was not
        self.stopper = Stopper(spec.search.model_copy(update={"early_stopping": None}))
        self.asked, self.judge = asked, judge
        self._entries: dict[str, Entry] = {}  # the trials of the search
        self._begun: set[Run] = set()  # runs that wait, run or have ended
        self._ended = Results()
        self._now: Course | None = None

    @property
    def course(self) -> Course:
        """Where the confirmation stands."""
        if self._now is None:
            self._now = self._ended.course(self.asked, self.judge)
        return self._now

    @property
    def planned(self) -> int:
        """As Sweep: runs, at most."""
        return self.asked.budget

    def restore(self, retry_failed: bool = False) -> None:
        """As Sweep: the search's trials, and what was run of the confirmation."""
        for entry in self.ledger.entries():
            if not entry.is_base:
                self._entries[entry.trial] = entry
                continue
            self.bases.add(entry.trial)
            if self.ledger.record(entry) is None:
                self.waiting.append((entry, self._rewind(entry)))
        for entry in self.ledger.entries(again=True):
            if run_of(entry.trial)[0] in self.asked.names:
                self._take_over(entry, retry_failed)

    def _take_over(self, entry: Entry, retry_failed: bool) -> None:
        record = self.ledger.record(entry)
        if record and retry_failed and record["state"] in ("failed", "infeasible"):
            self.ledger.reopen(entry)
            record = None
        self._begun.add(run_of(entry.trial))
        if record is None:
            self.waiting.append((entry, self._rewind(entry)))
        else:
            self._tell(entry, record)

    @property
    def done(self) -> int:
        """How many runs have ended."""
        return len(self._ended.values)

    # --- what comes next -----------------------------------------------------------------------

    @property
    def _may_suggest(self) -> bool:
        return any(run not in self._begun for run in self.course.due)

    @property
    def _all_suggested(self) -> bool:
        return not self.course.due

    def _suggest(self) -> None:
        trial, number = run = next(run for run in self.course.due if run not in self._begun)
        self._begun.add(run)
        of = self._entries[trial]
        config = trial_config(again(of, self.asked, number))
        base = self._base_of(config)
        entry = Entry.of(run_name(trial, number), of.number, config, None, of.parameters, base)
        self.ledger.open(entry)
        self.waiting.append((entry, None))

    def _tell(self, entry: Entry, record: dict[str, Any]) -> None:
        """Keep how a run ended; of other validation rows a base model is measured too."""
        if entry.is_base:
            return
        self._ended.take(run_of(entry.trial), record, self.asked.metric)
        self._now = None
