"""Tables of a run: every trial in trials.csv, the experiment table, base against best."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.inputs import sides
from analysis.runs import BaseView, Run, TrialView
from analysis.selection import criteria
from analysis.spreadsheet import harmless
from analysis.visible import visible
from analysis.wording import mode, short_names, stage_names, title
from sweeps.run_folder.atomic import write_text
from trainables.evaluation.metric_names import METRICS, in_table_order

if TYPE_CHECKING:
    import pandas as pd

# the parameters of the flashcards system's table (its section 6), always shown, in its order
EPOCHS = "num_train_epochs"
STANDING = ("lora.r", "training.learning_rate", "training.num_train_epochs")
EXPERIMENT_METRICS = (
    "train_loss",
    "val_loss",
    "rouge1",
    "bleu",
    "perplexity",
    "gpu_peak_gb",
    "minutes",
)
# the metrics of its section 7, then ours
COMPARED: tuple[str, ...] = (
    "rouge1",
    "rouge2",
    "rougeL",
    "bleu",
    "perplexity",
    "val_loss",
    "bits_per_byte",
)
COMPARED += ("pairwise_accuracy", "unseen_pairwise_accuracy", "pairwise_ece", "pairwise_brier")
LAST = ("gpu_peak_gb", "minutes")  # what a trial cost, after what it reached


@dataclass(frozen=True)
class Comparison:
    """One line of base against best."""

    metric: str
    base: float
    tuned: float

    @property
    def delta(self) -> float:
        """Fine-tuned minus base."""
        return self.tuned - self.base

    @property
    def better(self) -> bool | None:
        """Whether fine-tuning helped; None where nothing changed."""
        return None if self.delta == 0 else (self.delta < 0) == (mode(self.metric) == "min")


def trials_frame(run: Run) -> "pd.DataFrame":
    """A row a trial: trial, label, state, parameters by dotted path, metrics, cost, error.

    Where the run went on with other inputs: `inputs`, after how many such changes a trial ran.

    >>> from analysis.runs import load_run
    >>> frame = trials_frame(load_run(Path("runs/demo")))
    >>> list(frame.columns[:3])
    ['trial', 'label', 'state']
    """
    import pandas as pd

    paths, metrics = searched_paths(run), reported_metrics(run)
    columns = ["trial", "label", "state", *paths, *metrics, *LAST, "error"]
    columns += ["inputs"] if run.changes else []
    rows = [
        {
            "trial": t.trial,
            "label": t.label,
            "state": t.state,
            **{p: _plain(t.parameters.get(p)) for p in paths},
            **{m: t.metrics.get(m) for m in (*metrics, *LAST)},
            "error": t.error,
            **({"inputs": sides(run.changes, t.trial)} if run.changes else {}),
        }
        for t in run.trials
    ]
    # object: a column of ints with a gap stays 8, not 8.0
    return pd.DataFrame(rows, columns=columns, dtype=object)


def curves_frame(run: Run) -> "pd.DataFrame":
    """A row a trial and evaluation: trial, label, state, step, then what its metrics.jsonl says.

    >>> from analysis.runs import load_run
    >>> frame = curves_frame(load_run(Path("runs/demo")))
    >>> frame.pivot(index="step", columns="trial", values="val_loss").plot()
    """
    import pandas as pd

    head = ["trial", "label", "state", "step"]
    rows = [
        {"trial": t.trial, "label": t.label, "state": t.state, **line}
        for t in run.trials
        for line in t.curve
    ]
    keys = dict.fromkeys([*head, *(key for row in rows for key in row)])
    return pd.DataFrame(rows, columns=list(keys))


def write_trials_csv(run: Run) -> Path:
    """Write trials.csv into the run folder, atomically; returns its path. No text in it is a
    formula to a spreadsheet, or steers a terminal that shows it."""
    buffer = io.StringIO()
    frame = trials_frame(run).map(_cell).rename(columns=_cell)
    frame.to_csv(buffer, index=False, lineterminator="\n")
    path = run.folder / "trials.csv"
    write_text(path, buffer.getvalue())
    return path


def _cell(value: Any) -> Any:
    return harmless(visible(value)) if isinstance(value, str) else value


def flashcards_table(run: Run, best: str | None = None) -> "pd.DataFrame":
    """The experiment table in the flashcards system's columns, indexed by trial id.

    `best` is the chosen trial's id. Values are numbers as recorded (None where missing): further
    searched parameters follow Epochs, and a metric that the selection uses follows Perplexity.
    """
    import pandas as pd

    parameters, metrics = parameter_columns(run), experiment_metrics(run)
    rows = [
        [
            experiment_name(t, best),
            *(shown_value(run, t, p) for p in parameters),
            *(t.metrics.get(m) for m in metrics),
        ]
        for t in run.trials
    ]
    columns = ["Experiment", *parameters.values(), *map(title, metrics)]
    index = pd.Index([t.trial for t in run.trials], name="trial")
    return pd.DataFrame(rows, columns=columns, index=index, dtype=object)


def parameter_columns(run: Run) -> dict[str, str]:
    """Dotted path → column title of the experiment table's parameters, in order."""
    staged = run.trial.get("kind") == "staged"  # its trainings are its stages' own
    standing = [p for p in STANDING if not (staged and p.startswith("training."))]
    if run.trials and all(_steps_rule(trial) for trial in run.trials):
        standing = [p for p in standing if not p.endswith(EPOCHS)]  # a column of nothing
    extra = [p for p in searched_paths(run) if p not in standing]
    return short_names([*standing, *extra], stage_names(run.trial))


def _steps_rule(trial: TrialView) -> bool:
    """Whether `max_steps` says how long the trial trains, and no number of epochs does."""
    epochs = f"training.{EPOCHS}"
    return epochs not in trial.parameters and trial.value("training.max_steps") is not None


def shown_value(run: Run, trial: TrialView, path: str) -> Any:
    """A parameter's value; of a section that is searched whole, but not in this trial, the fields
    that the search names."""
    value = trial.value(path)
    if path.endswith(EPOCHS) and path not in trial.parameters:
        ruled = trial.value(path.removesuffix(EPOCHS) + "max_steps")
        return value if ruled is None else None  # then no number of epochs was trained
    if not isinstance(value, dict) or path in trial.parameters:
        return value
    searched = run.search.parameters.get(path)
    listed = (searched.values if searched else None) or ()
    named = {k for v in listed if isinstance(v, dict) for k in v}
    return {k: v for k, v in value.items() if k in named}


def experiment_metrics(run: Run) -> list[str]:
    """The experiment table's metrics; those the selection uses are added before the cost."""
    sought = [c.metric for c in criteria(run.search)]
    added = [m for m in sought if m not in EXPERIMENT_METRICS]
    cost = EXPERIMENT_METRICS.index("gpu_peak_gb")
    return [*EXPERIMENT_METRICS[:cost], *added, *EXPERIMENT_METRICS[cost:]]


def experiment_name(trial: TrialView, best: str | None = None) -> str:
    """The label or the id, with `(Best)` on the chosen trial, and any state but complete."""
    if trial.trial == best:
        return f"{trial.name} (Best)"
    return trial.name if trial.state == "complete" else f"{trial.name} ({trial.state})"


def searched_paths(run: Run) -> list[str]:
    """Every dotted path that varies: the spec's parameters first, then those of trials alone."""
    used = [p for t in run.trials for p in t.parameters]
    return list(dict.fromkeys([*run.search.parameters, *used]))


def reported_metrics(run: Run) -> list[str]:
    """Every metric that some trial reports, registered ones first, without what it cost."""
    found = {m for t in run.trials for m in t.metrics} - set(LAST)
    return in_table_order(found)


def base_table(base: BaseView | None, trial: TrialView | None) -> tuple[Comparison, ...]:
    """Base against best: a line a metric that both have; empty where one is missing."""
    if base is None or trial is None:
        return ()
    others = sorted(set(trial.metrics) - set(METRICS))
    shared = [m for m in (*COMPARED, *others) if m in base.metrics and m in trial.metrics]
    return tuple(Comparison(m, base.metrics[m], trial.metrics[m]) for m in shared)


def evaluation_note(base: BaseView, trial: TrialView) -> str:
    """Where the numbers of base against best come from: split, rows, limits."""
    how = trial.evaluation
    differ = [k for k in how if k in base.evaluation and base.evaluation[k] != how[k]]
    note = f"Computed on validation rows, which no test row is among. {_measured_on(how)}"
    if differ:
        pairs = ", ".join(f"{k} {base.evaluation[k]} against {how[k]}" for k in differ)
        note += f" Not comparable as it stands: the base model was measured with {pairs}."
    return note


def _measured_on(how: dict[str, Any]) -> str:
    if "pairs" in how:
        return f"{how['pairs']} pairs of answers; the base scores them by mean log-probability."
    limit = "all rows" if how.get("limit") is None else f"limit {how['limit']}"
    return (
        f"Loss, perplexity and bits per byte: {how.get('loss_rows', 'unknown')} rows. ROUGE and "
        f"BLEU: {how.get('rows', 'unknown')} answers ({limit}), greedy, at most "
        f"{how.get('max_new_tokens', 'unknown')} new tokens."
    )


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict | tuple) else value
