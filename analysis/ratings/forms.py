"""A blind form: a CSV for the raters, a text that explains it, and the key that stays in the run.

The CSV holds no name of a model or trial. Its rows are named ID-001, ID-002, …; the key, kept only
as ratings/ID.key.json in the run folder, says what each of them shows.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.ratings.errors import RatingError
from analysis.spreadsheet import harmless
from analysis.wording import NOTICE
from sweeps.run_folder.atomic import write_json, write_text

FOLDER = "ratings"


@dataclass(frozen=True)
class Form:
    """What raters see (`rows`, cells by column) and what they must not see (`key`, by row)."""

    kind: str  # pairs or sheet
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]
    key: Sequence[Mapping[str, Any]]
    guide: str
    about: Mapping[str, Any] = field(default_factory=dict)  # into the key file as it is

    @property
    def id(self) -> str:
        """8 hex digits over all of it: the same form has the same id."""
        content = [self.kind, list(self.rows), list(self.key), dict(self.about)]
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def write_form(form: Form, run: Path, output: Path, semicolon: bool = False) -> tuple[Path, Path]:
    """Write the key, the guide beside the CSV, and the CSV; returns (guide, key).

    RatingError where `output` exists: it may hold somebody's ratings.
    """
    guide = output.with_suffix(".txt")
    for path in (output, guide):
        if path.exists():
            raise RatingError([f"{path}: exists already. Name a new file, or move that one away."])
    names = [f"{form.id}-{i:03d}" for i in range(1, len(form.rows) + 1)]
    key = key_path(run, form.id)
    content = {"form": form.id, "kind": form.kind, **form.about}
    write_json(key, {**content, "items": dict(zip(names, form.key, strict=True))})
    write_text(guide, form.guide)
    write_text(output, _csv(form, names, ";" if semicolon else ","))
    return guide, key


def key_path(run: Path, form: str) -> Path:
    """Where the key of a form lies."""
    return run / FOLDER / f"{form}.key.json"


def _csv(form: Form, names: Sequence[str], delimiter: str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow([*form.columns, NOTICE])
    for name, row in zip(names, form.rows, strict=True):
        cells = {"item": name, **row}
        writer.writerow([harmless(cells.get(column, "")) for column in form.columns] + [""])
    return "\ufeff" + stream.getvalue()  # without the mark Excel takes UTF-8 for an older code
