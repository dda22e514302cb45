"""ratings/results.json: what the filled forms of a run say."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.ratings.errors import RatingError
from analysis.ratings.forms import FOLDER, key_path
from analysis.ratings.preference import (
    FIRST,
    SECOND,
    TIE,
    Preference,
    preference_agreement,
    side_shares,
    win_rate,
)
from analysis.ratings.reading import Filled, Sheet, filled, form_of, read_sheet
from analysis.ratings.scores import CRITERIA, Score, mean_scores, paired_difference, score_agreement
from sweeps.run_folder.atomic import write_json

RESULTS = "results.json"
Result = dict[str, Any]


def write_results(run: Path, files: Sequence[Path]) -> dict[str, Result]:
    """Read filled forms of the run, and put what each form says into ratings/results.json.

    Files of several raters and of several forms may be mixed; a form's earlier result is replaced.
    Returns the results by form. RatingError where a file is not as it should be.
    """
    by_form: dict[str, list[Sheet]] = defaultdict(list)
    for sheet in map(read_sheet, files):
        by_form[form_of(sheet)].append(sheet)
    found = {form: _result(_key(run, form, sheets), sheets) for form, sheets in by_form.items()}
    write_json(run / FOLDER / RESULTS, {"forms": {**read_results(run), **found}})
    return found


def read_results(run: Path) -> dict[str, Result]:
    """The results by form; none where no form was read yet."""
    try:
        content = json.loads((run / FOLDER / RESULTS).read_text(encoding="utf-8"))
        return dict(content["forms"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        problem = f"{run / FOLDER / RESULTS}: cannot be read ({error})"
        raise RatingError([f"{problem}. Delete it, and read the filled forms again."]) from error


def _key(run: Path, form: str, sheets: Sequence[Sheet]) -> dict[str, Any]:
    path = key_path(run, form)
    if not form.isalnum() or not path.is_file():
        item = sheets[0].rows[0][1].get("item", "")
        problem = f"{sheets[0].path}: row 2, column item: {item!r} belongs to no form of {run}"
        raise RatingError([f"{problem}. Give the run from which the form was made."])
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _result(key: Mapping[str, Any], sheets: Sequence[Sheet]) -> Result:
    cells, empty = filled(sheets, key["kind"], key["items"])
    if not cells:
        raise RatingError([f"{sheets[0].path}: no cell is filled in. Give the filled CSV."])
    build = _pairs if key["kind"] == "pairs" else _sheet
    return {
        "kind": key["kind"],
        "read": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "sources": key["sources"],
        "labels": key["labels"],
        "items": len(key["items"]),
        "raters": dict(Counter(c.rater for c in cells)),  # rater: judgements
        "empty_cells": empty,
        **build(key, cells),
    }


def _pairs(key: Mapping[str, Any], cells: Sequence[Filled]) -> Result:
    first = key["sources"][0]
    preferences = []
    for cell in cells:
        shown = key["items"][cell.item]
        won = TIE if cell.value == TIE else FIRST if shown[cell.value] == first else SECOND
        preferences.append(Preference(cell.rater, shown["question"], won, cell.value))
    return {
        **win_rate(preferences),
        "sides_chosen": side_shares(preferences),
        "identical_answers_left_out": key["identical"],
        "agreement": preference_agreement(preferences),
    }


def _sheet(key: Mapping[str, Any], cells: Sequence[Filled]) -> Result:
    scores = [
        Score(c.rater, c.item, shown["question"], shown["source"], c.column, int(c.value))
        for c in cells
        for shown in (key["items"][c.item],)
    ]
    first, *others = key["sources"]
    gaps = [paired_difference(scores, c, first, other) for other in others for c in CRITERIA]
    return {
        "scores": mean_scores(scores),
        "differences": [gap for gap in gaps if gap],
        "agreement": {criterion: score_agreement(scores, criterion) for criterion in CRITERIA},
    }
