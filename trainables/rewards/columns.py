"""The columns that rewards read, of tokenised rows."""

import json
from collections.abc import Sequence
from typing import Any

from trainables.data.about import about_row
from trainables.data.file_cells import cells_of
from trainables.data.token_rows import TokenRows

COLUMNS = ("question", "answer", "context", "options", "gold", "rationale", "unsafe")


def reward_columns(rows: TokenRows, places: Sequence[int]) -> dict[str, list[Any]]:
    """COLUMNS of the rows at these places, in this order; a place may occur several times.

    `answer` is the reference that a row's prompt asks for; `gold` the index of the right one of
    `options`; `unsafe` true where the request asks for harm. None where the data set does not say.
    All columns are always there, so that a reward is the same in any batch.
    """
    found = [_row(rows, place) for place in places]
    return {name: [row.get(name) for row in found] for name in COLUMNS}


def row_column(rows: TokenRows, places: Sequence[int]) -> list[str]:
    """What own rewards are told besides, as JSON: a row's id and all cells of its file."""
    return [
        json.dumps({"row": rows.ids[place], "cells": cells_of(rows, place)}) for place in places
    ]


def _row(rows: TokenRows, place: int) -> dict[str, Any]:
    own = {"question": rows.questions[place], "answer": rows.references[place]}
    return own | about_row(rows.about[place] if rows.about else "")
