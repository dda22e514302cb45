"""A table of experiments in a CSV, read as a run: for experiments that medsweep did not run.

A line is an experiment. Columns are recognised by their heads: metrics by name or title
(`val_loss`, `Val Loss`), parameters by dotted path or as the experiment table calls them (`r`,
`LR`, `Epochs`), `seed` and `fold` as repeats, `state` as in trials.csv. Other columns must be
called one or the other, so that no score is taken for a setting. Two lines with the same settings
are repeats.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.files import RunError
from analysis.runs import Run, TrialView, is_number
from analysis.wording import SHORT_NAMES
from sweeps.spec.sections import SearchSpec, Selection
from trainables.context import SAMPLED
from trainables.evaluation.measured import Mode
from trainables.evaluation.metric_names import METRICS, metric_named

NAMES = ("experiment", "trial", "name", "run", "id", "label")
PASSED_OVER = ("label", "error", "inputs", "tag", "group", "notes", "note")
REPEATS = {
    **dict.fromkeys(("seed", "training.seed"), "training.seed"),
    **dict.fromkeys(("fold", "data.fold"), "data.fold"),
}
ALIASES = {title.casefold(): path for path, title in SHORT_NAMES.items()} | {
    "rank": "lora.r",
    "lora rank": "lora.r",
    "learning rate": "training.learning_rate",
    "learning_rate": "training.learning_rate",
    "num_train_epochs": "training.num_train_epochs",
}
PATH = re.compile(r"[a-z_]\w*(\.\w+)+")
DECIMAL_COMMA = re.compile(r"-?\d+,\d+(e-?\d+)?", re.IGNORECASE)


class TableError(RunError):
    """The table cannot be read as experiments; all that is wrong with it, a line each."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Columns:
    """What each column is, by its head."""

    name: str | None
    state: str | None
    parameters: dict[str, str]  # head: path
    metrics: dict[str, str]  # head: metric


def read_table(path: Path, metrics: Sequence[str] = (), parameters: Sequence[str] = ()) -> Run:
    """The experiments of a CSV as a run.

    `metrics` are those that decide, in this order, `NAME` or `NAME:min`, `NAME:max` (what is not
    known to medsweep needs its direction); without them val_loss, rouge1 and bleu, as far as the
    table has them. `parameters` are further columns that are settings. TableError for a table that
    cannot be read, with every problem; OSError where there is no file.
    """
    heads, lines = _cells(path)
    sought, problems = _sought(metrics, heads)
    columns, more = _columns(heads, [name for name, _ in sought], parameters)
    trials, wrong = _trials(lines, columns)
    objectives = [{"metric": name, "mode": mode} for name, mode in sought]
    missing = [
        f"no column is the metric {name!r}; the columns are {', '.join(heads)}"
        for name, _ in sought
        if name not in columns.metrics.values()
    ]
    if not columns.parameters:
        more.append("no column is a parameter. Name them with --parameter")
    if found := [*problems, *more, *missing, *wrong]:
        raise TableError(path, found)
    trials = _told_apart(trials)
    space = {p: {"values": _distinct(trials, p)} for p in _paths(trials)}
    search = SearchSpec.model_validate({"parameters": space, "objective": objectives})
    return Run(path.stem, path, search, tuple(trials))


def _cells(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=separator) if any(row)]
    if len(rows) < 2:
        raise TableError(path, ["has no line of experiments under a line of heads"])
    heads = [head.strip() for head in rows[0]]
    double = [head for head, count in Counter(heads).items() if count > 1]
    long = [str(n) for n, row in enumerate(rows[1:], 2) if len(row) != len(heads)]
    problems = [f"two columns are called {head!r}" for head in double]
    if long:
        problems.append(f"lines {', '.join(long)} do not have {len(heads)} cells")
    if problems:
        raise TableError(path, problems)
    return heads, [dict(zip(heads, map(str.strip, row), strict=True)) for row in rows[1:]]


def _sought(
    metrics: Sequence[str], heads: Sequence[str]
) -> tuple[list[tuple[str, Mode]], list[str]]:
    """(metric, direction) of what decides, and what is wrong with it."""
    known = {_metric_of(head) for head in heads}
    given = metrics or [m for m in Selection().metrics if m in known]
    if not given:
        return [], ["say which metric decides: --metric NAME (or NAME:min, NAME:max)"]
    found: list[tuple[str, Mode]] = []
    problems = []
    for text in given:
        name, _, mode = text.partition(":")
        name = _metric_of(name) or name
        if mode in ("min", "max"):
            found.append((name, "min" if mode == "min" else "max"))
        elif not mode and (known_one := metric_named(name.removeprefix(SAMPLED))) is not None:
            found.append((name, known_one.mode))
        else:
            problems.append(f"--metric {text}: write {name}:min or {name}:max, which is better")
    return found, problems


def _metric_of(head: str) -> str | None:
    """The registered metric that a head names, by name or title."""
    wanted = head.strip().casefold()
    if metric_named(head.removeprefix(SAMPLED)) is not None:
        return head
    return next(
        (name for name, m in METRICS.items() if wanted in (name.casefold(), m.title.casefold())),
        None,
    )


def _columns(
    heads: Sequence[str], metrics: Sequence[str], parameters: Sequence[str]
) -> tuple[Columns, list[str]]:
    """What each column is, and what is wrong with them."""
    name = next((h for h in heads if h.casefold() in NAMES), None)
    state = next((h for h in heads if h.casefold() == "state"), None)
    found = Columns(name, state, {}, {})
    rest = [h for h in heads if h not in (name, state)]
    unknown = [head for head in rest if not _placed(head, found, metrics, parameters)]
    problems = [f"no column {p!r} (--parameter)" for p in parameters if p not in heads]
    if unknown and not parameters:
        listed = ", ".join(repr(head) for head in unknown)
        problems.append(
            f"columns {listed}: neither metrics nor parameters that medsweep knows. Name those "
            "that were settings with --parameter; the others are then passed over"
        )
    return found, problems


def _placed(head: str, found: Columns, metrics: Sequence[str], parameters: Sequence[str]) -> bool:
    """Whether it is known what a column is; it is then noted in `found`, where it is of use."""
    key = head.casefold()
    metric = head if head in metrics else _metric_of(head)
    if head in parameters:
        found.parameters[head] = ALIASES.get(key, head)
    elif metric is not None:
        found.metrics[head] = metric
    elif key in REPEATS:
        found.parameters[head] = REPEATS[key]
    elif key in ALIASES or PATH.fullmatch(head):
        found.parameters[head] = ALIASES.get(key, head)
    else:
        return key in PASSED_OVER or key in NAMES
    return True


def _trials(lines: Sequence[dict[str, str]], columns: Columns) -> tuple[list[TrialView], list[str]]:
    """A trial a line, and the metrics that are no numbers."""
    trials, problems = [], []
    for number, line in enumerate(lines, 1):
        read = {head: _value(line[head]) for head in (*columns.metrics, *columns.parameters)}
        measured = {head: read[head] for head in columns.metrics if read[head] is not None}
        problems += [
            f"line {number + 1}, column {head}: {line[head]!r} is not a number"
            for head, value in measured.items()
            if not is_number(value)
        ]
        given = {path: read[head] for head, path in columns.parameters.items()}
        trials.append(
            TrialView(
                trial=f"line {number + 1}",
                number=number,
                label=(line[columns.name] if columns.name else "") or None,
                state=(line[columns.state] if columns.state else "") or "complete",
                parameters={path: v for path, v in given.items() if v is not None},
                metrics={
                    columns.metrics[head]: float(v) for head, v in measured.items() if is_number(v)
                },
            )
        )
    return trials, problems


def _value(cell: str) -> Any:
    """A cell as a value: JSON where it is, with a decimal comma too; nothing is None."""
    text = cell.replace("−", "-")
    if DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if text.casefold() in ("", "nan", "none", "null", "n/a", "–", "-"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return _number(text)
    return value


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _told_apart(trials: list[TrialView]) -> list[TrialView]:
    """Where lines have the same settings and no seed or fold, they are repeats by their number."""
    if any(path in t.parameters for t in trials for path in REPEATS.values()):
        return trials
    seen: Counter[str] = Counter()
    numbers = []
    for trial in trials:
        key = json.dumps(trial.parameters, sort_keys=True)
        seen[key] += 1
        numbers.append(seen[key])
    if max(numbers, default=1) < 2:
        return trials
    return [
        replace(t, parameters={**t.parameters, "training.seed": number})
        for t, number in zip(trials, numbers, strict=True)
    ]


def _paths(trials: Sequence[TrialView]) -> list[str]:
    return list(dict.fromkeys(path for t in trials for path in t.parameters))


def _distinct(trials: Sequence[TrialView], path: str) -> list[Any]:
    values = [t.parameters[path] for t in trials if path in t.parameters]
    return list({json.dumps(v, sort_keys=True): v for v in values}.values())
