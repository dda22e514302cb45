"""Which trials other rules, and single metrics, would have chosen."""

from analysis.report.cells import Table, plain_table
from analysis.report.passage import Passage
from analysis.runs import Run, TrialView
from analysis.selection.choice import eligible
from analysis.selection.others import Alternative, alternatives
from analysis.tables import LAST, experiment_metrics

NO_MERIT = {"train_loss", "perplexity", *LAST}  # of training, val_loss again, or what it cost


def other_rules_passages(run: Run, best: TrialView | None) -> list[Passage]:
    """Each rule and metric with its choice; none where there was nothing to choose among."""
    if best is None or len(eligible(run.trials, ())) < 2:
        return []
    metrics = [m for m in experiment_metrics(run) if m not in NO_MERIT]
    found = alternatives(run.trials, run.search, metrics)
    agree = sum(a.trial == best.trial for a in found)
    told = (
        f"{agree} of {len(found)} rules and single metrics choose {best.name}, as "
        f"the rule {run.search.selection.rule} did. Where they differ, the choice "
        "follows from what is asked rather than from the trials."
    )
    return [Passage("What other rules would choose", (told,), (("", _table(run, found)),))]


def _table(run: Run, found: list[Alternative]) -> Table:
    names = {t.trial: t.name for t in run.trials}
    chosen = dict.fromkeys(a.trial for a in found)
    rows = [[names[t], "; ".join(a.by for a in found if a.trial == t)] for t in chosen]
    return plain_table(["Experiment", "Chosen by"], rows)
