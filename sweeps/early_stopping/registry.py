"""Early stopping by name: add a rule by adding its file and one line here."""

from collections.abc import Callable, Mapping

from sweeps.early_stopping import asha, median
from sweeps.early_stopping.rung_values import RungValues, each_by_itself
from sweeps.spec.sections import EarlyStopping, SearchSpec
from trainables.context import Report
from trainables.evaluation.metric_names import metric_named

StoppingRule = Callable[[EarlyStopping, RungValues, str, float, float], bool]
RULES: dict[str, StoppingRule] = {"asha": asha.stops, "median": median.stops}
# the first at a rung is compared with nobody: these judge again at later reports, as it fills
AGAIN = frozenset({"asha"})


class Stopper:
    """Decides at each rung; fed with every trial's values, also those of the ledger. Trials of one
    configuration (`configuration_of`) are judged by their mean."""

    def __init__(
        self, search: SearchSpec, configuration_of: Callable[[str], str] = each_by_itself
    ) -> None:
        self.rule = search.early_stopping
        first = search.objectives[0]
        self.metric = (self.rule and self.rule.metric) or first.metric
        named = {o.metric: o.mode for o in search.objectives}
        known = metric_named(self.metric)
        self.mode = named.get(self.metric) or (known.mode if known else "min")
        self.values = RungValues(self.mode, configuration_of)

    def allow(self, floors: Mapping[str, float]) -> None:
        """Stop nobody for less than what rounding alone may make of the metric, by a base model's
        noise floors; of several bases the largest counts."""
        self.values.floor = max(self.values.floor, floors.get(self.metric, 0.0))

    def stops(self, trial: str, report: Report, exempt: bool = False) -> bool:
        """Whether a trial should stop at this report; its value at a rung is kept, as in
        `record`."""
        value = report.metrics.get(self.metric)
        if report.rung is not None and value is not None:
            return self.record(trial, report.rung, float(value), exempt)
        again = self.rule is not None and self.rule.kind in AGAIN
        return again and report.progress < 1 and not exempt and self._below(trial)

    def record(self, trial: str, rung: float, value: float, exempt: bool = False) -> bool:
        """Keep a trial's value at a rung; True where the trial should stop there. Where it is the
        first at the rung, a rule of `AGAIN` asks at the one before, which has filled since.

        Nothing is stopped before `grace`, at the end, or where `exempt` (baselines are: a table
        of baselines with holes compares nothing).
        """
        own = self.values.record(trial, rung, value)
        if self.rule is None or exempt or not self.rule.grace <= rung < 1:
            return False
        if self.rule.kind in AGAIN:
            return self._below(trial)
        return RULES[self.rule.kind](self.rule, self.values, trial, rung, own)

    def _below(self, trial: str) -> bool:
        """Whether the rule stops the trial at the last rung of its own where others have been."""
        assert self.rule is not None
        for rung, own in self.values.of(trial):
            if self.rule.grace <= rung < 1 and self.values.others(trial, rung):
                return RULES[self.rule.kind](self.rule, self.values, trial, rung, own)
        return False
