"""Sampled answers as rows that passes can score."""

from collections.abc import Sequence

import numpy as np

from trainables.data.token_rows import TokenRows


def answered_rows(
    rows: TokenRows, places: Sequence[int], answers: Sequence[list[int]]
) -> TokenRows:
    """The prompts of `rows` at `places`, each with its answer (token ids) in place of the
    reference's tokens."""
    tokens = [
        np.concatenate([rows.prompt(place), np.asarray(answer, np.int32)])
        for place, answer in zip(places, answers, strict=True)
    ]
    return TokenRows(
        np.concatenate(tokens),
        np.cumsum([0, *map(len, tokens)], dtype=np.int64),
        rows.answer_start[list(places)],
        np.zeros(len(tokens), np.int64),
        [rows.ids[place] for place in places],
        [rows.groups[place] for place in places],
        [rows.questions[place] for place in places],
        [rows.references[place] for place in places],
    )
