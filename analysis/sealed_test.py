"""What was sealed from all trials, and a trial measured on it: `medsweep best RUN --final`.

Sealed are the test rows, and the test parts of benchmarks that trials were asked on another split.
The measure is the sweep's own (loss of every test row; texts and benchmarks as `evaluation` asks
for them; how a reward model ranks every test pair), of the trial and of its untouched base model,
which is measured once. `test.json` in the run folder keeps what was measured, `test/` the same row
by row: rows that several trials were measured on are no test any more, if one chooses by their
numbers.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.files import read_optional
from analysis.on_test_rows import Asked, Exam, Measured, on_test_rows
from analysis.runs import Run, TrialView, finite, look_up
from analysis.selection.ties import listed
from analysis.wording import metric_text, title
from sweeps.run_folder.atomic import write_bytes, write_json, write_text
from sweeps.run_folder.ledger import ROWS

if TYPE_CHECKING:
    from trainables.evaluation.benchmarks.config import BenchmarkConfig

FILE, FOLDER = "test.json", "test"


class Opened(NamedTuple):
    """What a trial and its untouched base model measure on what was sealed."""

    trial: str
    rows: int  # 0: the run kept no test rows
    test_sha256: str
    metrics: dict[str, float]
    base: dict[str, float]
    others: tuple[str, ...] = ()  # trials that were measured on these rows before
    base_key: str = ""  # its folder below test/base
    benchmarks: Mapping[str, int] = MappingProxyType(
        {}
    )  # questions of each test part, by the benchmark


def measure_test(run: Run, trial: str) -> Opened:
    """Measure it, and write test.json. Raises RunError, InputError."""
    from sweeps.readiness.preparation import base_key
    from sweeps.run_folder.own_modules import noted_origin
    from trainables.kinds import PAIRED, trial_config
    from trainables.rewards.own import use

    view = run.find(trial)
    config = trial_config(view.config)

    def base_at(exam_key: str) -> Path:
        return run.folder / FOLDER / "base" / base_key(config, exam_key)

    def needed(exam_key: str) -> bool:
        return not (base_at(exam_key) / "record.json").is_file()

    last = config.stage_trials[-1]
    use(noted_origin(run.folder, measured=True))  # answers to test rows may earn own rewards
    exam, own, base = on_test_rows(run, view, Asked(last, sealed(run), needed))
    place = base_at(exam.key)
    if base is not None:
        _keep_rows(place, base)
        write_json(place / "record.json", {"metrics": finite(base.metrics), **_facts(exam)})
    _keep_rows(run.folder / FOLDER / view.trial, own)
    untouched = read_optional(place / "record.json")["metrics"]
    count = len(exam.rows.rows) if exam.rows else 0
    found = Opened(
        trial=view.trial,
        rows=count // 2 if last.kind in PAIRED else count,
        test_sha256=exam.rows.sha256 if exam.rows else "",
        metrics=finite(own.metrics),
        base=dict(untouched),
        base_key=place.name,
        benchmarks=_questions(exam),
    )
    return _kept(run.folder, found)


def told(found: Opened) -> str:
    """A sentence on the rows, and a caution where they were opened before."""
    what = [f"the {found.rows:,} test rows"] if found.rows else []
    what += [f"the {n:,} questions of {name}'s test part" for name, n in found.benchmarks.items()]
    text = f"Measured on {listed(what)}, which no trial has read."
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


def sealed_parts(trial: TrialView) -> tuple[str, ...]:
    """The benchmarks whose test part no trial was asked."""
    from trainables.evaluation.benchmarks.test_part import left_sealed

    return tuple(part.name for part in left_sealed(_benchmarks(trial)))


def read_parts(trial: TrialView) -> tuple[str, ...]:
    """The benchmarks whose test part every trial was asked: what they say is no test's."""
    from trainables.evaluation.benchmarks.test_part import asked_on_test

    return asked_on_test(_benchmarks(trial))


def _benchmarks(trial: TrialView) -> "list[BenchmarkConfig]":
    """As its configuration names them; of a staged trial those of the whole."""
    from trainables.evaluation.benchmarks.config import BenchmarkConfig

    named = look_up(trial.config, "evaluation.benchmarks") or ()
    return [BenchmarkConfig.model_validate(own) for own in named]


def _facts(exam: Exam) -> dict[str, Any]:
    """What was asked, for the record."""
    sha256 = exam.rows.sha256 if exam.rows else None
    return {"test_sha256": sha256, "benchmarks": _questions(exam)}


def _questions(exam: Exam) -> dict[str, int]:
    return {each.config.name: len(each.items) for each in exam.benchmarks}


def _keep_rows(folder: Path, found: Measured) -> None:
    from trainables.evaluation.row_results import parquet_of

    write_bytes(folder / ROWS, parquet_of(found.rows))


def _kept(folder: Path, found: Opened) -> Opened:
    """Written beside what was measured before, and the openings; with the names of those trials."""
    held = read_optional(folder / FILE)
    before = held.get("measured", {})
    others = tuple(name for name in before if name != found.trial)
    told = {**found._asdict(), "others": list(others), "benchmarks": {**found.benchmarks}}
    content = {**held, "measured": {**before, found.trial: told}}
    write_text(folder / FILE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return found._replace(others=others)
