"""Blind rating sheets: one answer a row, from several sources mixed, scored from 1 to 5."""

import random
from collections.abc import Sequence

from analysis.ratings.errors import RatingError
from analysis.ratings.forms import Form
from analysis.ratings.guides import SHEET
from analysis.ratings.scores import CRITERIA
from analysis.ratings.sources import RatingSource


def sheet_form(sources: Sequence[RatingSource], n: int | None, seed: int) -> Form:
    """At most `n` questions that all sources answered, each answer a row, all rows shuffled.

    RatingError where they share no question.
    """
    shared = [i for i in sources[0].answers if all(i in s.answers for s in sources)]
    if not shared:
        names = ", ".join(s.name for s in sources)
        raise RatingError([f"no question was answered by all of: {names}."])
    generator = random.Random(f"{seed}:sheet")
    asked = generator.sample(shared, min(n or len(shared), len(shared)))
    rows = [(question, source) for question in asked for source in sources]
    generator.shuffle(rows)
    texts = sources[0].questions
    context = any(texts[i][1] for i in asked)
    shown = ("item", "question", *(("context",) if context else ()), "answer")
    return Form(
        kind="sheet",
        columns=(*shown, *CRITERIA, "comment", "rater"),
        rows=[
            {"question": texts[q][0], "context": texts[q][1], "answer": s.answers[q]}
            for q, s in rows
        ],
        key=[{"question": question, "source": source.name} for question, source in rows],
        guide=SHEET,
        about={
            "seed": seed,
            "sources": [s.name for s in sources],
            "labels": {s.name: s.label for s in sources},
        },
    )
