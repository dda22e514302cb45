"""What a report says of the data and of the machine: tables from data.json, environment.json."""

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.report.cells import Table, plain_table
from analysis.runs import Run, look_up
from analysis.wording import MISSING
from trainables.data.losses import steps, words

LEAK = "leak"
SEALED = "sealed: no trial can read it"
PACKAGES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "ray", "optuna", "medsweep")
NOTICED = {
    "html": "HTML",
    "end_mark": "ends with a typed end mark (</s>, EOS, ###)",
    "empty_question": "empty question",
    "empty_answer": "empty answer",
    "joined_turns": "turns of one side in a row, read as one",
    "opening_answer": "begins with an answer to nothing, left out",
    "open_end": "ends with a question without an answer, left out",
    "unlearnt": "answers that are not learnt (weight 0, train false)",
}


def data_tables(run: Run) -> list[tuple[str, Table]]:
    """(heading, table of rows kept and dropped) for each prepared data set, and what each filter
    took of the rows that came to it where one took some."""
    return [
        table
        for key, report in run.data.items()
        if isinstance(report, dict)
        for table in _tables(str(report.get("source") or key), report)
    ]


def data_facts(reports: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Version, licence and citation of each data set, as recorded: once, however many limits and
    splits of it were prepared, and named where there are several."""
    names = {"version": "Version", "licence": "Licence", "citation": "Citation"}
    several = len({str(report.get("source")) for report in reports}) > 1
    found = [
        (f"{title} of {report.get('source')}" if several else title, str(report[key]))
        for report in reports
        for key, title in names.items()
        if report.get(key)
    ]
    return list(dict.fromkeys(found))


def environment_table(run: Run) -> Table:
    """Versions, git commit, devices."""
    return plain_table(["What", "Recorded"], list(_environment(run)))


def _tables(name: str, report: dict[str, Any]) -> Iterator[tuple[str, Table]]:
    yield name, plain_table(["Rows", "Count"], _rows(report), numeric=1)
    if taken := steps(report):
        heads = ["Filter", "Rows in", "Dropped", "Share", "Rows out"]
        lines = [
            [
                words(s.name),
                *map(_count, (s.rows_in, s.dropped)),
                f"{s.share:.1%}",
                _count(s.rows_out),
            ]
            for s in taken
        ]
        yield f"{name}: what each filter took", plain_table(heads, lines, numeric=4)


def _rows(report: dict[str, Any]) -> Iterator[list[str]]:
    if "rows_read" in report:
        yield ["read", _count(report["rows_read"])]
    for step, count in (report.get("dropped") or {}).items():
        # a count of leaks has had this short name in every report
        yield from _step(f"dropped: {step if step == LEAK else words(step)}", count)
    for split, count in (report.get("kept") or {}).items():
        sealed = f" ({SEALED})" if split == "test" else ""
        yield [f"kept: {split}{sealed}", _count(count)]
    yield from _step("truncated to max_length", report.get("truncated"))
    for name, at in (report.get("noticed") or {}).items():
        yield [f"noticed: {NOTICED.get(name, name)}", _count(at["rows"])]
    for split, count in (report.get("control_text") or {}).items():
        if count:
            yield [f"text of a control token, read as text ({split})", _count(count)]
    for name, count in (report.get("tokens") or {}).items():
        yield [f"tokens: {name.replace('_', ' ')}", _count(count)]


def _step(name: str, count: Any) -> Iterator[list[str]]:
    """One line, or one a split where the step counts splits apart."""
    if isinstance(count, dict):
        for split, part in count.items():
            yield [f"{name} ({split})", _count(part)]
    elif count is not None:
        yield [name, _count(count)]


def _environment(run: Run) -> Iterator[tuple[str, str]]:
    environment = run.environment
    packages = environment.get("packages") or {}
    yield "Python", str(environment.get("python") or MISSING)
    for name in PACKAGES:
        if name in packages:
            yield name, str(packages[name])
    commit = look_up(environment, "git.commit")
    yield "Git commit", _commit(commit, look_up(environment, "git.dirty"))
    for device in environment.get("devices") or [_processor(environment)]:
        yield "Device", _device(device)
    engines = sorted({t.engine for t in run.trials if t.engine})
    yield "Engine", ", ".join(engines) or MISSING
    for reason in environment.get("agreed") or ():
        yield "A yes was given to", str(reason)


def _commit(commit: Any, dirty: Any) -> str:
    if not commit:
        return "not in a git repository"
    return f"{commit} (with uncommitted changes)" if dirty else str(commit)


def _device(device: Any) -> str:
    if not isinstance(device, dict):
        return str(device)
    name = str(device.get("name") or "device")
    memory = device.get("memory_gb")
    return name if memory is None else f"{name}, {memory} GB"


def _processor(environment: dict[str, Any]) -> str:
    """The CPU, for a run without another device."""
    name, cores = environment.get("cpu"), environment.get("cpus")
    memory = environment.get("memory_gb")
    parts = [name and f"CPU: {name}", cores and f"{cores} cores", memory and f"{memory} GB"]
    return ", ".join(str(part) for part in parts if part) or "none recorded"


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
