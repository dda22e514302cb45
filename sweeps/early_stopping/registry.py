"""Early stopping by name: add a rule by adding its file and one line here."""

from collections.abc import Callable

from sweeps.early_stopping import asha, median
from sweeps.early_stopping.rung_values import RungValues
from sweeps.spec.sections import EarlyStopping, SearchSpec
from trainables.evaluation.metric_names import metric_named

StoppingRule = Callable[[EarlyStopping, RungValues, str, float, float], bool]
RULES: dict[str, StoppingRule] = {"asha": asha.stops, "median": median.stops}


class Stopper:
    """Decides at each rung; fed with every trial's values, also those of the ledger."""

    def __init__(self, search: SearchSpec) -> None:
        self.rule = search.early_stopping
        first = search.objectives[0]
        self.metric = (self.rule and self.rule.metric) or first.metric
        named = {o.metric: o.mode for o in search.objectives}
        known = metric_named(self.metric)
        self.mode = named.get(self.metric) or (known.mode if known else "min")
        self.values = RungValues(self.mode)

    def record(self, trial: str, rung: float, value: float, exempt: bool = False) -> bool:
        """Keep a trial's value at a rung; True where the trial should stop there.

        Nothing is stopped before `grace`, at the end, or where `exempt` (baselines are: a table
        of baselines with holes compares nothing).
        """
        own = self.values.record(trial, rung, value)
        if self.rule is None or exempt or not self.rule.grace <= rung < 1:
            return False
        return RULES[self.rule.kind](self.rule, self.values, trial, rung, own)
