"""The chosen trial measured on the test rows, which no trial has read: `medsweep best RUN --final`.

The measure is the sweep's own (loss of every test row; texts as `evaluation` asks for them; how a
reward model ranks every test pair), of the trial and of its untouched base model. `test.json` in
the run folder keeps what was measured: rows that several trials were measured on are no test any
more, if one chooses by their numbers.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from analysis.files import read_optional
from analysis.on_test_rows import on_test_rows
from analysis.runs import Run
from analysis.wording import metric_text, title
from sweeps.run_folder.atomic import write_text

FILE = "test.json"


class Opened(NamedTuple):
    """What a trial and its untouched base model measure on the test rows."""

    trial: str
    rows: int
    test_sha256: str
    metrics: dict[str, float]
    base: dict[str, float]
    others: tuple[str, ...] = ()  # trials that were measured on these rows before


def measure_test(run: Run, trial: str) -> Opened:
    """Measure it, and write test.json. Raises RunError, InputError."""
    from trainables.kinds import PAIRED, trial_config

    view = run.find(trial)
    config = trial_config(view.config).stage_trials[-1]
    measured = on_test_rows(run, view, config, sealed(run))
    rows, sha256 = measured.opened
    count = len(rows) // 2 if config.kind in PAIRED else len(rows)
    found = Opened(view.trial, count, sha256, measured.metrics, measured.base)
    return _kept(run.folder, found)


def told(found: Opened) -> str:
    """A sentence on the rows, and a caution where they were opened before."""
    text = f"Measured on the {found.rows:,} test rows, which no trial has read."
    if found.others:
        text += (
            f" Caution: {', '.join(found.others)} was measured on them before: a choice between "
            "these trials by their numbers here makes the test rows validation rows."
        )
    return text


def test_section(run: Run, trial: str) -> Iterator[str]:
    """What a model card says of a trial that was measured on the test rows; nothing of others."""
    found = read_optional(run.folder / FILE).get("measured", {}).get(trial)
    if not found:
        return
    opened = Opened(**{**found, "others": tuple(found["others"])})
    lines = ["| Metric | Base Model | Fine-Tuned |", "|---|---:|---:|"]
    for metric, value in opened.metrics.items():
        untouched = metric_text(metric, opened.base.get(metric))
        lines.append(f"| {title(metric)} | {untouched} | {metric_text(metric, value)} |")
    yield "## Measured on the test rows"
    yield "\n".join(lines)
    yield told(opened)


def sealed(run: Run) -> set[str]:
    """The hashes of test rows that the run kept; of staged trials those of every stage."""
    reports = [report for report in run.data.values() if isinstance(report, dict)]
    reports += [part for report in reports for part in (report.get("stages") or {}).values()]
    kept = (report for report in reports if (report.get("kept") or {}).get("test", 1))
    return {str(report["test_sha256"]) for report in kept if "test_sha256" in report}


def _kept(folder: Path, found: Opened) -> Opened:
    """Written beside what was measured before; with the names of those trials."""
    before = read_optional(folder / FILE).get("measured", {})
    others = tuple(name for name in before if name != found.trial)
    measured = {**before, found.trial: {**found._asdict(), "others": list(others)}}
    content = json.dumps({"measured": measured}, indent=2, ensure_ascii=False)
    write_text(folder / FILE, content + "\n")
    return found._replace(others=others)
