"""Reading a spec: a file or a preset's name becomes a checked `SweepSpec`, or all its errors.

Imports nothing heavy: `plan` and every error message must be quick.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from search_spaces.nearest import nearest
from sweeps.presets.find import presets
from sweeps.reading.document import Document, section
from sweeps.reading.overrides import apply_overrides
from sweeps.reading.secrets import redact, secret_findings
from sweeps.reading.validation import validate
from sweeps.reading.yaml_reading import read_yaml
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec
from trainables.errors import InputError
from trainables.rewards.own import Origin

MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class LoadedSpec:
    """A legal spec, the text that it came from, and the overrides applied to it. `warnings` name
    fields that are set and have no effect, where that is no error; `own` says where rewards of the
    user's own are imported from."""

    spec: SweepSpec
    text: str
    file: Path | None
    overrides: tuple[str, ...] = ()
    document: Document | None = None
    warnings: tuple[Problem, ...] = ()
    own: Origin | None = None

    @contextmanager
    def locating(self) -> Iterator[None]:
        """Give what is found wrong inside (SpecError, InputError) its file and line here."""
        try:
            yield
        except SpecError as error:
            raise SpecError(map(self._located, error.problems)) from error
        except InputError as e:
            problem = Problem(None, None, f"trial.{e.field}", e.value, e.message, e.fix)
            raise SpecError([self._located(problem)]) from e

    def _located(self, problem: Problem) -> Problem:
        sections = type(self.spec).model_fields
        if self.document is None or problem.field.split(".")[0] not in sections:
            return problem
        file, line = self.document.where(self.document.path_of(problem.field))
        return replace(problem, file=file, line=line)


def load_spec(source: str | Path, overrides: Sequence[str] = (), smoke: bool = False) -> LoadedSpec:
    """Read SOURCE (a file, or a preset's name), apply `--set` overrides, and check everything.

    With `smoke` the spec's own `smoke` section is applied before them. Raises SpecError with all
    problems, in the order of their lines.

    >>> loaded = load_spec("toy", ["search.num_trials=3"])
    >>> loaded.spec.search.num_trials, loaded.spec.trial.model.name_or_path
    (3, 'toy:llama')
    """
    file = find_source(source)
    document, problems = _document(file)
    overrides = [*(_smoke(document) if smoke else ()), *overrides]
    problems += map(document.problem, apply_overrides(document, overrides))
    found, secrets = secret_findings(document)
    problems += map(document.problem, found)
    spec, wrong, idle, own = validate(document)
    problems += map(document.problem, wrong)
    if problems or spec is None:
        raise SpecError(_presentable(problems, secrets))
    warnings = tuple(_presentable(map(document.problem, idle), secrets))
    return LoadedSpec(spec, document.text, file, tuple(overrides), document, warnings, own)


def find_source(source: str | Path) -> Path:
    """The file that SOURCE names. A file of that name goes before a preset."""
    file = Path(source).expanduser()
    known = presets()
    if file.is_file():
        return file
    if str(source) in known:
        return known[str(source)]
    if file.is_dir():
        raise _refused(str(source), "is a folder, not a file", "Name the YAML file in it")
    raise _refused(str(source), "is no file and no preset's name", _meant(file, known))


def _meant(file: Path, known: Iterable[str]) -> str:
    """The file beside it, or the preset, with the nearest name."""
    beside = file.parent.glob("*.y*ml") if file.parent.is_dir() else ()
    similar = nearest(file.name, sorted(path.name for path in beside))
    found = str(file.parent / similar) if similar else nearest(str(file), known)
    hint = f"Did you mean `{found}`? " if found else ""
    return f"{hint}Presets: {', '.join(known)}"


def _refused(file: str, message: str, fix: str, line: int | None = None) -> SpecError:
    problem = Problem(file, line, "SPEC", None, message, fix)
    return SpecError([redact(problem, [])])


def _document(file: Path) -> tuple[Document, list[Problem]]:
    text = _text(file)
    reading = read_yaml(text, str(file))
    if not isinstance(reading.data, dict):
        raise SpecError(_presentable(reading.problems or [_not_a_mapping(reading.data, file)], []))
    return Document(str(file), text, reading.data, reading.lines), reading.problems


def _smoke(document: Document) -> list[str]:
    """The `smoke` section as overrides."""
    small = section(document.data, "smoke")
    if not small:
        path, what = document.file or "", "has no `smoke` section"
        raise _refused(path, what, "Make it small with --set, or give it such a section")
    return [f"{path}={json.dumps(value)}" for path, value in small.items()]


def _not_a_mapping(data: Any, file: Path) -> Problem:
    what = "is empty" if data is None else "must be a mapping (key: value) at the top"
    fix = "Begin with `name:` and `trial:`; `medsweep init` writes an example"
    return Problem(str(file), 1, "SPEC", data, what, fix)


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _refused(str(file), f"cannot be read: {error.strerror}", "Check the file") from None
    if len(content) > MAX_BYTES:
        raise _refused(str(file), f"has {len(content)} bytes: no spec is so long", "Check the file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(str(file), "is not UTF-8", "Save it as UTF-8", line) from None


def _presentable(problems: Iterable[Problem], secrets: list[str]) -> list[Problem]:
    """Each problem once, without secrets, by line (overrides last)."""
    masked = {str(p): p for p in (redact(problem, secrets) for problem in problems)}
    return sorted(masked.values(), key=lambda p: (p.line is None, p.line or 0))


def spec_schema() -> dict[str, Any]:
    """The JSON schema of the spec, for editors that complete and check YAML."""
    schema = SweepSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "medsweep spec",
    }
